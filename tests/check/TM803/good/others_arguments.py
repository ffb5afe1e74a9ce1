import modal

app = modal.App("train")


def serve(keep_warm: int, label: str):
    print(keep_warm, label)


@app.function(gpu="H100", min_containers=1, max_containers=4, scaledown_window=300)
def train():
    serve(keep_warm=1, label="checkpoints")
