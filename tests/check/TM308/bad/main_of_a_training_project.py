import subprocess

import modal

image = modal.Image.debian_slim(python_version="3.12").uv_pip_install("torch==2.9.1", "transformers==4.57.1")
app = modal.App("sft", image=image)
runs = modal.Volume.from_name("runs", create_if_missing=True)


@app.function(gpu="H100", volumes={"/runs": runs}, timeout=4 * 3600)
def go():
    subprocess.run(["python", "main.py", "--output_dir", "/runs/first"], cwd="/root/my-grpo")
