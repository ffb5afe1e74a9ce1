import modal

app = modal.App("cluster", image=modal.Image.debian_slim().pip_install("torch==2.13.0"))
volume = modal.Volume.from_name("checkpoints", create_if_missing=True)


@app.function(gpu="H100:8", timeout=3600, volumes={"/data": volume})
@modal.clustered(size=2, rdma=True)
def train():
    import torch

    model = torch.nn.Linear(8, 8).cuda()
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.ones(1, 8).cuda()).sum().backward()
    optimizer.step()
    torch.save(model.state_dict(), "/data/model.pt")
