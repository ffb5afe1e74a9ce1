import os

import modal
import torch

app = modal.App("example", image=modal.Image.debian_slim().pip_install("torch==2.9.1"))
volume = modal.Volume.from_name("models", create_if_missing=True)


@app.function(gpu="H100", timeout=24 * 3600, volumes={"/models": volume})
def train():
    print(os.listdir("/root/data"))
    model = torch.nn.Linear(8, 8).cuda()
    optimizer = torch.optim.AdamW(model.parameters())
    for epoch in range(100):
        loss = model(torch.randn(4, 8).cuda()).sum()
        loss.backward()
        optimizer.step()
        torch.save(model.state_dict(), f"/models/{epoch}.pt")
