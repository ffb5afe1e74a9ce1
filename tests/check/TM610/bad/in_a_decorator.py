import os

import modal

app = modal.App("by environment")


@app.function(gpu=os.environ["TRAIN_GPU"], timeout=3600)
def train(steps: int = 10):
    return steps
