import os

import modal

app = modal.App("train")
wandb = modal.Secret.from_name("wandb-secret", required_keys=["WANDB_API_KEY"])


@app.function(secrets=[wandb, modal.Secret.from_dict({"RUN_NAME": "first"})])
def train():
    import wandb

    wandb.login(key=os.environ["WANDB_KEY"] + os.environ["HF_TOKEN"])
