import os

import modal

app = modal.App("two functions")
tracking = modal.Secret.from_dict({"WANDB_API_KEY": os.environ["WANDB_API_KEY"]})
image = modal.Image.debian_slim(python_version="3.12").pip_install("wandb==0.23.0")


@app.function(image=image, gpu="L4", timeout=3600, secrets=[tracking])
def train():
    import wandb

    wandb.init(project="two")


@app.function(image=image)
def summary():
    return "done"
