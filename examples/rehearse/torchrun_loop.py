"""A loop of its own on both GPUs of the container: it saves aside, renames, commits, and resumes."""

import os
import subprocess
import sys
from pathlib import Path

import modal

app = modal.App("torchrun-loop")
image = (
    modal.Image.debian_slim().pip_install("torch==2.13.0").add_local_file(__file__, "/root/torchrun_loop.py")
)
runs = modal.Volume.from_name("runs", create_if_missing=True)

CHECKPOINT = Path("/runs/loop/last.pt")
STEPS = 24


@app.function(
    image=image,
    gpu="H100:2",
    volumes={"/runs": runs},
    timeout=3600,
    retries=modal.Retries(max_retries=3, initial_delay=0.0),
)
def train():
    command = ["torchrun", "--nproc-per-node=2", "/root/torchrun_loop.py"]
    subprocess.run(command, check=True)


def work():
    import torch
    import torch.distributed as dist
    from torch.nn.parallel import DistributedDataParallel

    dist.init_process_group("nccl")
    rank = int(os.environ["LOCAL_RANK"])
    torch.cuda.set_device(rank)
    device = torch.device("cuda", rank)
    torch.manual_seed(7)
    model = torch.nn.Sequential(torch.nn.Linear(64, 256), torch.nn.GELU(), torch.nn.Linear(256, 1)).to(device)
    model = DistributedDataParallel(model, device_ids=[rank])
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
    first = 0
    if CHECKPOINT.exists():
        state = torch.load(CHECKPOINT, map_location=device)
        model.module.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        first = state["step"]
    for step in range(first, STEPS):
        # What a step sees depends on the step and the rank alone: a resume goes on in the same data.
        generator = torch.Generator().manual_seed(1000 * step + dist.get_rank())
        rows = torch.randn(8, 64, generator=generator).to(device, non_blocking=True)
        with torch.autocast("cuda", dtype=torch.bfloat16):
            loss = (model(rows).squeeze(-1) - rows.sum(-1)).square().mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if (step + 1) % 4 == 0 and dist.get_rank() == 0:
            CHECKPOINT.parent.mkdir(parents=True, exist_ok=True)
            state = {
                "model": model.module.state_dict(),
                "optimizer": optimizer.state_dict(),
                "step": step + 1,
            }
            # Whoever interrupts this finds the old checkpoint or the new one, and never half of one.
            aside = CHECKPOINT.with_suffix(".new.pt")
            torch.save(state, aside)
            aside.replace(CHECKPOINT)
            runs.commit()
        dist.barrier()
    dist.destroy_process_group()


@app.local_entrypoint()
def main():
    train.remote()


if __name__ == "__main__" and "LOCAL_RANK" in os.environ:
    sys.exit(work())
