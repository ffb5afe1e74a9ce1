import modal

app = modal.App("train")
volume = modal.Volume.from_name("checkpoints")


@app.function(gpu="H100", volumes={"/data": volume}, timeout=3600)
def train():
    print("training")
