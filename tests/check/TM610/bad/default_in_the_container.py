import os

import modal

EPOCHS = int(os.environ.get("EPOCHS", "1"))
GPU = os.environ.get("GPU", "H100")
image = modal.Image.debian_slim(python_version="3.12").env({"HF_HOME": "/cache"})
app = modal.App("train", image=image)


def run():
    return list(range(EPOCHS))


@app.function(gpu=GPU)
def train():
    return run()
