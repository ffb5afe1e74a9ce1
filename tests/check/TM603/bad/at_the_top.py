import modal
import numpy as np

app = modal.App("train")


@app.function()
def train():
    return np.zeros(3)
