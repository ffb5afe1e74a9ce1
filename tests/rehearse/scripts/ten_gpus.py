"""One container with more GPUs than it can have."""

import modal

app = modal.App("ten-gpus")


@app.function(gpu="H100:10", timeout=3600)
def train(): ...


@app.local_entrypoint()
def main():
    train.remote()
