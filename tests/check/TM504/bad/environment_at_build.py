import os

import modal

WANDB = os.getenv("WANDB_API_KEY", "")
image = (
    modal.Image.debian_slim(python_version="3.12")
    .pip_install("wandb==0.23.0")
    .env({"HF_TOKEN": os.environ["HF_TOKEN"], "WANDB_API_KEY": WANDB, "HF_HOME": "/cache"})
)
