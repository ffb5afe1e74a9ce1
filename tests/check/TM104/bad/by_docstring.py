import modal

app = modal.App("a")


@app.function(gpu="A100", timeout=3600)
def run():
    """Measures the throughput of the attention kernels."""
