import subprocess

import modal

image = modal.Image.debian_slim(python_version="3.12").uv_pip_install("torch==2.9.1", "transformers==4.57.1")
app = modal.App("sft", image=image)
runs = modal.Volume.from_name("runs", create_if_missing=True)



@app.function(gpu="H100:8", volumes={"/runs": runs}, timeout=6 * 3600, cpu=16)
def train():
    subprocess.run(["python", "scripts/download_assets.py", "--repo", "Qwen/Qwen3-8B", "--assets", "tokenizer"], check=True)
    subprocess.run(["pip", "install", "uv"], check=True)
    subprocess.run(["torchrun", "--nproc-per-node=8", "train.py", "--output_dir", "/runs"], check=True)
