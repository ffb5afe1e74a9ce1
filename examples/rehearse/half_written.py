"""A loop of its own on one GPU, with a mistake: it saves under the final name.

    tminus rehearse examples/rehearse/half_written.py --preempt @save:2

A container that is taken back in the middle of a save leaves half a file. The volume keeps it, and every
later start fails as it reads it.
"""

from pathlib import Path

import modal

app = modal.App("half-written")
image = modal.Image.debian_slim().pip_install("torch==2.13.0")
runs = modal.Volume.from_name("runs", create_if_missing=True)

FOLDER = Path("/runs/half-written")
STEPS = 24


@app.function(
    image=image,
    gpu="L4",
    volumes={"/runs": runs},
    timeout=3600,
    retries=modal.Retries(max_retries=2, initial_delay=0.0),
)
def train():
    import torch

    torch.manual_seed(11)
    model = torch.nn.Sequential(torch.nn.Linear(64, 256), torch.nn.GELU(), torch.nn.Linear(256, 1)).cuda()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    FOLDER.mkdir(parents=True, exist_ok=True)
    first = 0
    saved = sorted(FOLDER.glob("step-*.pt"), key=lambda path: int(path.stem.removeprefix("step-")))
    if saved:
        state = torch.load(saved[-1], map_location="cuda")
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        first = state["step"]
    for step in range(first, STEPS):
        rows = torch.randn(16, 64, generator=torch.Generator().manual_seed(step)).cuda()
        loss = (model(rows).squeeze(-1) - rows.sum(-1)).square().mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        if (step + 1) % 6 == 0:
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step + 1}
            torch.save(state, FOLDER / f"step-{step + 1}.pt")


@app.local_entrypoint()
def main():
    train.remote()
