import subprocess

import modal

image = modal.Image.debian_slim(python_version="3.12").uv_pip_install("torch==2.9.1")
volumes = {"/kept": modal.Volume.from_name("kept", create_if_missing=True)}
app = modal.App("gpt", image=image, volumes=volumes)


@app.function(cpu=8, volumes=volumes, timeout=3600)
def tokenize():
    volumes["/kept"].commit()


@app.function(gpu="H100", volumes=volumes, timeout=3600)
def train():
    subprocess.run(["python", "train.py", "--output_dir", "/kept"], check=True)
