"""A cluster with more GPUs at a time than the smallest plan has."""

import modal
import modal.experimental

app = modal.App("sixteen-gpus")


@app.function(gpu="H100:8", timeout=3600)
@modal.experimental.clustered(size=2)
def train(): ...


@app.local_entrypoint()
def main():
    train.remote()
