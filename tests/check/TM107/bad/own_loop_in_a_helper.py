import modal

image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.13.0", "transformers==5.23.0", "trl==1.16.0")
app = modal.App("fine-tune", image=image)
volume = modal.Volume.from_name("checkpoints", create_if_missing=True)


GPUS = 4


def loop(model, batches, optimizer):
    for batch in batches:
        loss = model(batch).mean()
        loss.backward()
        optimizer.step()


@app.function(gpu=f"A100-80GB:{GPUS}", timeout=3600, volumes={"/data": volume})
def train():
    import torch

    model = torch.nn.Linear(8, 8).cuda()
    loop(model, [torch.ones(2, 8).cuda()], torch.optim.AdamW(model.parameters()))
    torch.save(model.state_dict(), "/data/model.pt")
