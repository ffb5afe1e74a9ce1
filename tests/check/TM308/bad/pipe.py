import subprocess

import modal

image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.13.0", "transformers==5.23.0", "trl==1.16.0")
app = modal.App("fine-tune", image=image)
volume = modal.Volume.from_name("checkpoints", create_if_missing=True)


@app.function(gpu="H100:8", timeout=3600, volumes={"/data": volume})
def train():
    subprocess.run("torchrun --nproc-per-node=8 train.py 2>&1 | tee /data/log.txt", shell=True, check=True)
