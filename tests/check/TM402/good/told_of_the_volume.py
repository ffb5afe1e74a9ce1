import subprocess

import modal

image = modal.Image.debian_slim(python_version="3.12").uv_pip_install("torch==2.9.1", "transformers==4.57.1")
app = modal.App("sft", image=image)
runs = modal.Volume.from_name("runs", create_if_missing=True)


@app.function(gpu="B200", volumes={"/kept": runs}, timeout=2 * 3600)
def train():
    import os
    import shutil

    environment = {**os.environ, "CKPT_DIR": "/kept"}
    subprocess.run(["python", "/root/training.py"], env=environment, check=True)
    shutil.copy("/root/weights.pth", "/kept/weights.pth")
    runs.commit()
