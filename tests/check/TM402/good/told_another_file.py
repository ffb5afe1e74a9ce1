"""The other file is told to write to the volume; what is copied from elsewhere is a picture."""

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

    train_model("/results/runs")
    for found in glob.glob("/root/model-*.pt"):
        shutil.copy2(found, f"/results/{os.path.basename(found)}")


@app.function(image=image, gpu="H200", volumes={"/results": volume}, timeout=4 * 3600)
def draw() -> None:
    from own_loop import train_model

    train_model()
    for found in glob.glob("/root/plots/*.png"):
        shutil.copy2(found, f"/results/{os.path.basename(found)}")
