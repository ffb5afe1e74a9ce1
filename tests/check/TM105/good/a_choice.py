"""Runs on an A100 (40GB or 80GB); set the size to A100-80GB for long contexts."""

import modal

# Options: A10G, A100 80GB, H100
GPU_SIZE = None  # or "80GB"
PRICES = {"A100-80GB": 2.50}  # A100 80GB costs $2.50/hr
app = modal.App("a")


@app.function(gpu="A100", timeout=3600)
def train(): ...
