"""Prices of GPU-hours in docstrings of functions with different GPUs."""

import modal

app = modal.App("video")
image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.9.1")
volume = modal.Volume.from_name("video", create_if_missing=True)


@app.function(image=image, gpu="H100", volumes={"/data": volume}, timeout=12 * 3600)
def finetune() -> None:
    """Fine-tune the model. Cost estimate: ~6 H100-hours ($9.00) for 5000 steps."""
    import torch

    torch.save(torch.nn.Linear(8, 8).state_dict(), "/data/model.pt")


@app.function(image=image, gpu="A10G", volumes={"/data": volume}, timeout=3600)
def extract() -> None:
    """Extract features. Cost estimate: ~0.3 A10G-hours ($0.33)."""
    print("extracted")
