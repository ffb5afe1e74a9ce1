"""A function that cannot do without a token, and is given no secret."""

import os

import modal

app = modal.App("finetune")
image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.9.1", "transformers==5.23.0")


@app.function(image=image, gpu="L40S", timeout=1800)
def fetch() -> None:
    from transformers import AutoModel

    token = os.getenv("HF_TOKEN", "")
    if not token:
        raise RuntimeError("HF_TOKEN is needed")
    AutoModel.from_pretrained("Qwen/Qwen3-0.6B", token=token)


@app.function(image=image, timeout=1800)
def report() -> str:
    return os.environ["WANDB_API_KEY"][:4]
