import modal

app = modal.App("train")
volume = modal.Volume.from_name("data", create_if_mising=True)


@app.function(gpu="H100", volume={"/data": volume}, timeouts=3600)
def train():
    print("training")
