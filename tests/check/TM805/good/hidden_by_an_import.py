"""Variables of the module that an import of the same name hides inside a function."""

import modal

app = modal.App("train", image=modal.Image.debian_slim().pip_install("wandb==0.22.0", "datasets==4.4.1"))
wandb = modal.Secret.from_name("wandb-secret")
datasets = modal.Volume.from_name("datasets", create_if_missing=True)


@app.function(secrets=[wandb], volumes={"/datasets": datasets})
def train() -> None:
    import datasets

    import wandb

    wandb.login()
    datasets.load_dataset("tatsu-lab/alpaca").save_to_disk("/datasets/alpaca")
