import modal

app = modal.App("a")


@app.function(gpu="H100:8", timeout=3600)
@modal.clustered(size=8, rdma=True)
def train(): ...
