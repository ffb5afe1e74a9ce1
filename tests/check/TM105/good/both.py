"""Training takes an A100 with 80 GB, evaluation any A100."""

import modal

app = modal.App("a")


@app.function(gpu="A100-80GB:4", timeout=3600)
def train(): ...


@app.function(gpu="A100", timeout=3600)
def evaluate(): ...
