"""A loop that counts its steps and takes its best weights back at the end: neither is a look at a file."""

import modal

app = modal.App("loop")
image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.9.1", "safetensors==0.6.2")
volume = modal.Volume.from_name("loop", create_if_missing=True)


@app.function(gpu="B200", image=image, timeout=24 * 3600, volumes={"/data": volume})
def train(steps: int = 500_000) -> float:
    import torch
    from safetensors.torch import save_file

    model = torch.nn.Linear(8, 8).cuda()
    optimizer = torch.optim.AdamW(model.parameters())
    global_step, best, kept = 0, float("inf"), None
    while global_step < steps:
        loss = model(torch.randn(64, 8).cuda()).square().mean()
        loss.backward()
        optimizer.step()
        global_step += 1
        if loss.item() < best:
            best = loss.item()
            kept = {key: value.cpu() for key, value in model.state_dict().items()}
            save_file(kept, "/data/model.safetensors")
    if kept is not None:
        model.load_state_dict(kept)
    return best
