import subprocess

import modal

app = modal.App("a")
volume = modal.Volume.from_name("runs", create_if_missing=True)


def _sh(command: str) -> None:
    subprocess.run(command, shell=True, check=True)


@app.function(gpu="H100:8", timeout=6 * 3600, retries=3, volumes={"/runs": volume})
def train():
    _sh("apt-get update && apt-get install -y git")
    _sh("pip install flash-attn --no-build-isolation")
    _sh("torchrun --nproc-per-node=8 train.py --output_dir /runs")
