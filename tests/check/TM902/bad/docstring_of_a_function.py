import modal

app = modal.App("a")


@app.function(gpu="L40S:4", timeout=4 * 3600)
def train():
    """Trains on 8 L40S GPUs with 384 GB of VRAM."""
