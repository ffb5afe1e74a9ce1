import os
import subprocess

import modal

image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.13.0")
app = modal.App("train", image=image)


@app.function(gpu="H100")
def before():
    os.environ["PYTORCH_ALLOC_CONF"] = "expandable_segments:True"
    import torch

    print(torch.zeros(8).cuda())


@app.function(gpu="H100:8")
def inherited():
    import torch

    print(torch.cuda.device_count())
    os.environ["PYTORCH_ALLOC_CONF"] = "expandable_segments:True"
    subprocess.run(["torchrun", "--nproc_per_node=8", "train.py"], check=True)
