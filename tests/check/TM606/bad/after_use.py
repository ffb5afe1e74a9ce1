import os

import modal

image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.13.0")
app = modal.App("train", image=image)


@app.function(gpu="H100")
def train():
    import torch

    weights = torch.zeros(8).cuda()
    os.environ["PYTORCH_ALLOC_CONF"] = "expandable_segments:True"
    print(weights)
