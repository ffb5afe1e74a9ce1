"""The same loop goes on where it was; a short one may begin anew."""

import modal

app = modal.App("policy")
image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.9.1", "matplotlib==3.10.0")
volume = modal.Volume.from_name("policies", create_if_missing=True)


@app.function(gpu="L40S", image=image, timeout=12 * 3600, volumes={"/policies": volume})
def learn(steps: int = 1_000_000) -> None:
    import os

    import torch

    policy = torch.nn.Linear(8, 2).cuda()
    optimizer = torch.optim.Adam(policy.parameters())
    first = 0
    if os.path.exists("/policies/policy.pt"):
        kept = torch.load("/policies/policy.pt")
        policy.load_state_dict(kept["policy"])
        optimizer.load_state_dict(kept["optimizer"])
        first = kept["step"] + 1
    for step in range(first, steps):
        loss = policy(torch.randn(64, 8).cuda()).square().mean()
        loss.backward()
        optimizer.step()
        if step % 10_000 == 0:
            kept = {"policy": policy.state_dict(), "optimizer": optimizer.state_dict(), "step": step}
            torch.save(kept, "/policies/policy.pt")


@app.function(gpu="L40S", image=image, timeout=3600, volumes={"/policies": volume})
def learn_little() -> None:
    import torch

    policy = torch.nn.Linear(8, 2).cuda()
    optimizer = torch.optim.Adam(policy.parameters())
    for _ in range(100):
        loss = policy(torch.randn(64, 8).cuda()).square().mean()
        loss.backward()
        optimizer.step()
    torch.save(policy.state_dict(), "/policies/little.pt")
