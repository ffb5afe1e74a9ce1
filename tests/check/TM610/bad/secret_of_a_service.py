"""The only secret is Hugging Face's, which has its token and no name of a model."""

import os

import modal

BASE = os.environ.get("BASE_MODEL", "Qwen/Qwen3-0.6B")

app = modal.App("finetune")
image = modal.Image.debian_slim(python_version="3.12").pip_install("transformers==5.23.0", "torch==2.9.1")


@app.function(image=image, gpu="L40S", timeout=1800, secrets=[modal.Secret.from_name("huggingface-secret")])
def load() -> None:
    from transformers import AutoModel

    AutoModel.from_pretrained(BASE)
