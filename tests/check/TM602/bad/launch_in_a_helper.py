import subprocess

import modal

PACKAGES = ["accelerate", "datasets==5.2.0"]
image = (
    modal.Image.from_registry("nvidia/cuda:12.8.1-devel-ubuntu24.04", add_python="3.12")
    .uv_pip_install(*PACKAGES)
    .run_commands("pip install torch --index-url https://download.pytorch.org/whl/cu128")
)
app = modal.App("train")


def launch():
    subprocess.run(["accelerate", "launch", "train.py"], check=True)


@app.function(image=image, gpu="H100:8", timeout=3600)
def train():
    launch()
