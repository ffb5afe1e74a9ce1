import modal

app = modal.App("train")
image = modal.Image.debian_slim(python_version="3.12").pip_install("wandb==0.23.0")


@app.function(image=image)
def train():
    import wandb

    wandb.login(key="24e440066559a6656c90bd5482a90a29b9fa5ff5")
