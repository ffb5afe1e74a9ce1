import modal

app = modal.App("train")
volume = modal.Volume.from_name(label="checkpoints", create_if_missing=True)


@app.function(
    gpu="H100",
    keep_warm=1,
    concurrency_limit=4,
    container_idle_timeout=300,
    volumes={"/data": volume},
)
def train():
    print("training")
