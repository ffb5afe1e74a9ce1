"""Train on 4 A100s; set GPU for other machines: 2 GPUs cost about $4.20/hour."""

import os

import modal

app = modal.App("env")
GPU = os.environ.get("GPU", "A100-80GB:8")


@app.function(gpu=GPU, timeout=3600)
def train(): ...
