"""Fine-tune Llama on 4x A100 80GB."""

import modal

GPU_TYPE = "A100"
app = modal.App("a")


@app.function(gpu=f"{GPU_TYPE}:4", timeout=3600)
def train(): ...
