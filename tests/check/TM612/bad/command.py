import subprocess

import modal

image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.8.0")
app = modal.App("train")


@app.function(gpu="H100:8", image=image)
def train():
    command = "PYTORCH_ALLOC_CONF=expandable_segments:True torchrun --nproc_per_node=8 train.py"
    subprocess.run(command, shell=True, check=True)
