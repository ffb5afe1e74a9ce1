"""Another file of the project trains to the container's disk, and this one copies what it finds there."""

import glob
import os
import shutil

import modal

app = modal.App("own-loop")
image = (
    modal.Image.debian_slim(python_version="3.12")
    .pip_install("torch==2.9.1", "numpy==2.3.0")
    .add_local_python_source("own_loop")
)
volume = modal.Volume.from_name("runs", create_if_missing=True)


@app.function(image=image, gpu="H200", volumes={"/results": volume}, timeout=4 * 3600)
def run() -> None:
    from own_loop import train_model

    train_model()
    for found in glob.glob("/root/runs/model-*.pt"):
        shutil.copy2(found, f"/results/{os.path.basename(found)}")
