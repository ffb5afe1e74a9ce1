import os

import modal
import torch

image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.13.0")
app = modal.App("train", image=image)


@app.function(gpu="H100")
def train():
    os.environ.setdefault("PYTORCH_ALLOC_CONF", "expandable_segments:True")
    print(torch.zeros(8).cuda())
