import modal

NUM_GPUS = 16
app = modal.App("good")


@app.function(gpu="H100:8", max_containers=2)
def train(shard: int): ...


@app.local_entrypoint()
def main():
    rows = 100_000 // NUM_GPUS
    list(train.map(range(0, rows)))
