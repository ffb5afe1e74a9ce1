import modal

volume = modal.Volume.from_name("data", create_if_missing=True)
again = modal.Volume.from_name("data")
app = modal.App("train", volumes={"/data": volume, "/checkpoints": volume})


@app.function()
def train():
    print("training")


@app.function(volumes={"/a": volume, "/b": again})
def evaluate():
    print("evaluating")


unread = modal.Volume.from_name(input("volume: "), create_if_missing=True)


@app.function(volumes={"/c": unread, "/d": unread})
def compare():
    print("comparing")
