import modal

image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.13.0", "transformers==5.23.0", "trl==1.16.0")
app = modal.App("fine-tune", image=image)
volume = modal.Volume.from_name("checkpoints", create_if_missing=True)


from pathlib import Path

MOUNT = Path("/checkpoints")
OUTPUT = Path("/checkpoint") / "run"


@app.function(gpu="H100", timeout=3600, volumes={str(MOUNT): volume})
def train():
    import torch

    model = torch.nn.Linear(8, 8).cuda()
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.ones(1, 8).cuda()).sum().backward()
    optimizer.step()
    torch.save(model.state_dict(), OUTPUT / "model.pt")
