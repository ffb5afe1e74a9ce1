import os

import modal

app = modal.App("example")


def flag(name, default):
    return os.environ.get(name, default).strip() or default


EPOCHS = int(flag("MODAL_EPOCHS", "3"))
GPU = flag("MODAL_GPU", "H100")


@app.function(gpu=GPU, timeout=3600)
def train():
    print(EPOCHS)
