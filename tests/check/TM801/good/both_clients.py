import modal

app = modal.App("train") if hasattr(modal, "App") else modal.Stub("train")
try:
    volume = modal.Volume.persisted("data")
except AttributeError:
    volume = modal.Volume.from_name("data", create_if_missing=True)


@app.function(volumes={"/data": volume})
def train():
    print("training")
