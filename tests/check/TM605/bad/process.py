import os

import modal

image = modal.Image.from_registry("pytorch/pytorch:2.11.0-cuda12.8-cudnn9-devel")
app = modal.App("train")


@app.function(gpu="H100", image=image)
def train():
    os.environ["PYTORCH_CUDA_ALLOC_CONF"] = "expandable_segments:True"
    import torch

    print(torch.cuda.device_count())
