"""What is read may be in the secret: by its prefix, or because the secret's name says nothing."""

import os

import modal

USER = os.environ.get("HF_USERNAME", "nobody")
BASE = os.environ.get("BASE_MODEL", "Qwen/Qwen3-0.6B")

app = modal.App("finetune")
image = modal.Image.debian_slim(python_version="3.12").pip_install("transformers==5.23.0", "torch==2.9.1")


@app.function(image=image, timeout=1800, secrets=[modal.Secret.from_name("huggingface-secret")])
def whose() -> str:
    return USER


@app.function(image=image, gpu="L40S", timeout=1800, secrets=[modal.Secret.from_name("finetune-settings")])
def load() -> None:
    from transformers import AutoModel

    AutoModel.from_pretrained(BASE)
