"""A training loop that keeps its weights beside itself."""


def train_model(folder: str = "/root/runs") -> None:
    """Train, and write weights to a folder."""
    import torch

    model = torch.nn.Linear(8, 8).cuda()
    optimizer = torch.optim.AdamW(model.parameters())
    for step in range(1000):
        loss = model(torch.randn(4, 8).cuda()).square().mean()
        loss.backward()
        optimizer.step()
        torch.save(model.state_dict(), f"{folder}/model-{step}.pt")
