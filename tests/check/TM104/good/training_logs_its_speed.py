import modal

app = modal.App("a")


@app.function(gpu="H100:8", timeout=3600)
def train():
    """Train, and log throughput and loss."""


@app.function(gpu="L40S", timeout=3600)
def benchmark():
    """An L40S is never upgraded."""
