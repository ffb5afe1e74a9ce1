import os

import modal

PROJECT = os.environ["WANDB_PROJECT"]
app = modal.App("train")


@app.function(gpu="H100")
def train():
    print(PROJECT)
