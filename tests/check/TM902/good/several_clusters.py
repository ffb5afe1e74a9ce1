"""A sweep: 4 jobs on 8 GPUs each, 32 GPUs in all."""

import modal

app = modal.App("sweep")


@app.function(gpu="H100:8", timeout=3600)
def train(rate: float): ...


@app.local_entrypoint()
def main():
    # 32 H100s for about 2 hours
    list(train.map([1e-4, 2e-4, 3e-4, 4e-4]))
