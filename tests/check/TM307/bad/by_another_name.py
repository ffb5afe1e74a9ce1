import subprocess

import modal

image = modal.Image.debian_slim(python_version="3.12").uv_pip_install("torch==2.9.1", "transformers==4.57.1")
app = modal.App("sft", image=image)
runs = modal.Volume.from_name("runs", create_if_missing=True)



@app.function(gpu="B200", volumes={"/runs": runs}, timeout=12 * 3600)
def train_one():
    subprocess.run(["python", "train.py", "--output_dir", "/runs"], check=True)


@app.function(gpu="B200:8", volumes={"/runs": runs}, timeout=12 * 3600, cpu=32)
def train_eight():
    subprocess.run(["torchrun", "--nproc-per-node=8", "train.py", "--output_dir", "/runs"], check=True)


@app.local_entrypoint()
def main(gpus: int = 1):
    chosen = train_one if gpus == 1 else train_eight
    print(chosen.spawn().object_id)
