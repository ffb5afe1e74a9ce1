"""Types that a function is compared with, or that it gets by another name."""

import modal

app = modal.App("othello")
image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.9.1", "numpy==2.3.0")
volume = modal.Volume.from_name("othello", create_if_missing=True)


@app.function(image=image, gpu="L4", volumes={"/data": volume}, timeout=7200)
def train() -> None:
    """Train the policy on an L4 GPU.

    It took four hours on an A100 before, and would run on H100 too. The original was trained on V100.
    """
    import torch

    torch.save(torch.nn.Linear(8, 8).state_dict(), "/data/policy.pt")


@app.function(image=image, gpu=["A100-80GB", "H100"], volumes={"/data": volume}, timeout=7200)
def train_large() -> None:
    """Train the large policy on A100."""
    import torch

    torch.save(torch.nn.Linear(8, 8).state_dict(), "/data/policy.pt")


@app.function(image=image, gpu="A10", volumes={"/data": volume}, timeout=7200)
def train_small() -> None:
    """Train the small policy on an A10G."""
    import torch

    torch.save(torch.nn.Linear(8, 8).state_dict(), "/data/policy.pt")
