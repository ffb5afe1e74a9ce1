import subprocess

import modal

image = modal.Image.debian_slim(python_version="3.12").uv_pip_install("torch==2.9.1", "verl==0.5.0")
app = modal.App("grpo", image=image)
cache = modal.Volume.from_name("huggingface-cache", create_if_missing=True)
results = modal.Volume.from_name("results", create_if_missing=True)


@app.function(
    gpu="A100:8", cpu=32, timeout=3 * 3600, volumes={"/root/.cache/huggingface": cache, "/results": results}
)
def train():
    subprocess.run(["bash", "examples/math_grpo.sh"], check=True)
