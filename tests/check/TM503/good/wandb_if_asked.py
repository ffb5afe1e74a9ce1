import modal
import wandb

app = modal.App("example", image=modal.Image.debian_slim().pip_install("wandb==0.22.0"))


@app.function(gpu="H100", timeout=3600)
def train(tracked: bool = False):
    if tracked:
        wandb.init(project="example")


@app.function(gpu="H100", timeout=3600)
def tune():
    wandb.init(project="example", mode="disabled")


@app.function(gpu="H100", timeout=3600, secrets=[modal.Secret.from_name("wandb-secret")])
def track():
    wandb.init(project="example")
