import modal

app = modal.App("train")


@app.function(gpu="H100:8", cluster_size=2)
def train():
    print("training")
