import modal

image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.13.0", "transformers==5.23.0", "trl==1.16.0")
app = modal.App("fine-tune", image=image)
volume = modal.Volume.from_name("checkpoints", create_if_missing=True)


@app.function(gpu="H100", timeout=6 * 3600, retries=modal.Retries(max_retries=5), volumes={"/data": volume})
def train():
    import torch

    model = torch.nn.Linear(8, 8).cuda()
    optimizer = torch.optim.AdamW(model.parameters())
    for step in range(10_000):
        model(torch.ones(1, 8).cuda()).sum().backward()
        optimizer.step()
        if step % 500 == 0:
            torch.save(model.state_dict(), f"/data/{step}.pt")
