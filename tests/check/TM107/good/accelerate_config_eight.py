import subprocess

import modal

image = modal.Image.debian_slim().pip_install("accelerate").add_local_file("accelerate_config_eight.yaml", "/root/acc.yaml")
app = modal.App("sft", image=image)
runs = modal.Volume.from_name("runs", create_if_missing=True)


@app.function(gpu="H100:8", volumes={"/runs": runs}, timeout=6 * 60 * 60, retries=2)
def train():
    subprocess.run(["accelerate", "launch", "--config_file", "/root/acc.yaml", "/root/train.py"], check=True)
