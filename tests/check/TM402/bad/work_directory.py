"""The trainer's work directory is on the container's disk; what it finds there is copied at the end."""

import shutil
import subprocess
from pathlib import Path

import modal

app = modal.App("sft")
image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.9.1")
volume = modal.Volume.from_name("sft", create_if_missing=True)


@app.function(gpu="A10G", image=image, volumes={"/vol": volume}, timeout=3600)
def sft() -> None:
    subprocess.run(["python", "train_sft.py", "--data", "/vol/data", "--work-dir", "/tmp/run"], check=True)
    for found in sorted(Path("/tmp/run").glob("checkpoints/*.pt")):
        shutil.copy(found, Path("/vol/runs") / found.name)
