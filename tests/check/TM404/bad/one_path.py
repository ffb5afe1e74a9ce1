import modal

MOUNT = "/data"
app = modal.App("train")
data = modal.Volume.from_name("data", create_if_missing=True)
runs = modal.Volume.from_name("runs", create_if_missing=True)


@app.function(volumes={MOUNT: data, "/data/": runs})
def train():
    print("training")
