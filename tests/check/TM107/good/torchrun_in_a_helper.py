import subprocess

import modal

image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.13.0", "transformers==5.23.0", "trl==1.16.0")
app = modal.App("fine-tune", image=image)
volume = modal.Volume.from_name("checkpoints", create_if_missing=True)


GPUS = 8


def torchrun(script, *arguments):
    subprocess.run(["torchrun", "--standalone", f"--nproc-per-node={GPUS}", script, *arguments], check=True)


@app.function(gpu=f"H100:{GPUS}", timeout=3600, volumes={"/data": volume})
def train():
    torchrun("train.py", "--output_dir", "/data/run")
