"""The volumes hold what is read: the data set, which the path says, and a read-only base model."""

import subprocess

import modal

app = modal.App("pretrain")
image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.9.1", "numpy==2.3.0")
fineweb = modal.Volume.from_name("fineweb", create_if_missing=True)
base = modal.Volume.from_name("base-models", create_if_missing=True)


@app.function(
    gpu="H100:8",
    image=image,
    cpu=64,
    timeout=6 * 3600,
    volumes={"/datasets": fineweb, "/base": base.read_only()},
)
def pretrain() -> None:
    command = ["torchrun", "--standalone", "--nproc_per_node=8", "train.py", "--data=/datasets/fineweb"]
    subprocess.run(command, check=True)
