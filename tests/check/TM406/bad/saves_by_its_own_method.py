"""A loop whose model has a save() of its own, and a helper that keeps the state."""

import modal

app = modal.App("policy")
image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.9.1")
volume = modal.Volume.from_name("policies", create_if_missing=True)


@app.function(gpu="L40S", image=image, timeout=12 * 3600, volumes={"/policies": volume})
def learn(steps: int = 1_000_000) -> None:
    import torch

    class Policy(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.head = torch.nn.Linear(8, 2)

        def save(self, path: str) -> None:
            torch.save(self.state_dict(), path)

    policy = Policy().cuda()
    optimizer = torch.optim.Adam(policy.parameters())
    for step in range(steps):
        loss = policy.head(torch.randn(64, 8).cuda()).square().mean()
        loss.backward()
        optimizer.step()
        if step % 10_000 == 0:
            policy.save(f"/policies/{step}.pt")
