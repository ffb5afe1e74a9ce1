"""A volume for everything, whatever it is called, and a data set's volume that the run is told to save to."""

import subprocess

import modal

app = modal.App("pretrain")
image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.9.1", "numpy==2.3.0")
everything = modal.Volume.from_name("my-data", create_if_missing=True)
dataset = modal.Volume.from_name("dataset", create_if_missing=True)


@app.function(gpu="H100:8", image=image, cpu=64, timeout=6 * 3600, volumes={"/data": everything})
def pretrain() -> None:
    subprocess.run(["torchrun", "--standalone", "--nproc_per_node=8", "train.py"], check=True)


@app.function(gpu="H100:8", image=image, cpu=64, timeout=6 * 3600, volumes={"/dataset": dataset})
def pretrain_there() -> None:
    command = ["torchrun", "--standalone", "--nproc_per_node=8", "train.py", "--output_dir=/dataset/runs"]
    subprocess.run(command, check=True)
