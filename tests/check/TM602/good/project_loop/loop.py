"""The training loop."""

from __future__ import annotations


def fit(folder: str) -> None:
    """Train, and keep the weights in a folder."""
    import torch

    model = torch.nn.Linear(8, 8).cuda()
    optimizer = torch.optim.AdamW(model.parameters())
    for _ in range(100):
        loss = model(torch.randn(4, 8).cuda()).square().mean()
        loss.backward()
        optimizer.step()
    torch.save(model.state_dict(), f"{folder}/weights.pt")


def score(folder: str) -> float:
    """How good the kept weights are."""
    import torch

    return float(torch.load(f"{folder}/weights.pt")["weight"].mean())
