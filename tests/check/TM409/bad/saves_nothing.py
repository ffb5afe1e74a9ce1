import modal

image = modal.Image.debian_slim(python_version="3.12").uv_pip_install("torch==2.9.1")
app = modal.App("loop", image=image)


@app.function(gpu="H100", timeout=2 * 3600)
def train():
    import torch

    model = torch.nn.Linear(8, 8).to("cuda")
    optimizer = torch.optim.AdamW(model.parameters())

    def rate(step):
        return 1 / (1 + step)

    for step in range(10_000):
        loss = model(torch.randn(4, 8, device="cuda")).square().mean() * rate(step)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    print("done")
