import os

import modal

NUM_GPUS = int(os.environ.get("NUM_GPUS", "4"))
NUM_PROCESSES = 12
app = modal.App("good")


@app.function(gpu=os.environ.get("GPU"), timeout=3600)
def train():
    return 128 // NUM_GPUS


@app.function(gpu="H100:8")
def tokenize(rows: int):
    return rows // NUM_PROCESSES
