import subprocess

import modal

image = modal.Image.debian_slim(python_version="3.12").uv_pip_install("torch==2.9.1", "transformers==4.57.1")
app = modal.App("sft", image=image)
runs = modal.Volume.from_name("runs", create_if_missing=True)


GPUS = 4


@app.function(gpu=f"H100:{GPUS}", volumes={"/runs": runs}, timeout=6 * 3600, cpu=16)
def train():
    # The last GPU generates: the trainer starts vLLM on it.
    command = f"accelerate launch --num_processes={GPUS - 1} src/grpo.py --use_vllm true --output_dir /runs/grpo"
    subprocess.run(command, shell=True, check=True)
