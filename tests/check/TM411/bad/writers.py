import modal

app = modal.App("train")
runs = modal.Volume.from_name("runs", create_if_missing=True)


@app.function(gpu="H100:8", volumes={"/runs": runs})
@modal.clustered(size=8)
def train():
    print("training")
