import subprocess

import modal

image = modal.Image.debian_slim(python_version="3.12").uv_pip_install("torch==2.9.1", "transformers==4.57.1")
app = modal.App("sft", image=image)
runs = modal.Volume.from_name("runs", create_if_missing=True)



@app.function(gpu="T4", volumes={"/kept": runs}, timeout=3 * 3600)
def train():
    import shutil

    shutil.copytree("/root/model", "/kept/model")
    subprocess.run(["python", "train.py"], check=True)
    shutil.copy2("/tmp/train.log", "/kept/train.log")
