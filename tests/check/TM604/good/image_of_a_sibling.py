"""The image comes from a package of the project, which it adds."""

import modal
from project_image import image, volume

app = modal.App("train")


@app.function(gpu="L40S", image=image, volumes={"/runs": volume}, timeout=3600)
def train() -> None:
    import torch

    model = torch.nn.Linear(8, 8).cuda()
    optimizer = torch.optim.AdamW(model.parameters())
    for step in range(100):
        loss = model(torch.randn(4, 8).cuda()).square().mean()
        loss.backward()
        optimizer.step()
    torch.save(model.state_dict(), f"/runs/{step}.pt")
