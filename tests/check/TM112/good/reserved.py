import subprocess

import modal

app = modal.App("a")
volume = modal.Volume.from_name("runs", create_if_missing=True)


@app.function(
    gpu="H100:8", cpu=32, memory=256 * 1024, timeout=6 * 3600, retries=3, volumes={"/runs": volume}
)
def train():
    subprocess.run(["torchrun", "--nproc-per-node=8", "train.py", "--output_dir", "/runs"], check=True)


# The default is enough for one rank, and a request of 512 MiB for a function without GPUs.
@app.function(gpu="L4", timeout=3600)
def try_it(): ...


@app.function(memory=512)
def report(): ...


@app.function(gpu="H100:2", cpu=(8, 16), memory=(16384, 65536))
def evaluate(): ...
