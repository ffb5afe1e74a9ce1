import os
import subprocess

import modal

app = modal.App("a")
volume = modal.Volume.from_name("runs", create_if_missing=True)


@app.function(timeout=6 * 3600, volumes={"/runs": volume})
def prepare():
    subprocess.run(["pip", "install", "datasets"], check=True)
    subprocess.run(["python", "tokenize_corpus.py"], check=True)


@app.function(gpu="H100:8", timeout=12 * 3600, retries=3, volumes={"/runs": volume})
def train():
    if not os.path.exists("/runs/tokens"):
        subprocess.run(["python", "tokenize_corpus.py"], check=True)
    subprocess.run(["pip", "install", "-e", "."], check=True)
    subprocess.run(["torchrun", "--nproc-per-node=8", "train.py", "--output_dir", "/runs"], check=True)


@app.function(gpu="H100", timeout=3600)
def smoke_test():
    subprocess.run("pip install pytest && python train.py --steps 3", shell=True, check=True)
