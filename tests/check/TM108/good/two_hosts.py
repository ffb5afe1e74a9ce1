import modal

app = modal.App("a")


# 16 GPUs: more than the Starter plan runs, and what `tminus plan` says.
@app.function(gpu="H100:8", timeout=3600)
@modal.clustered(size=2, rdma=True)
def train(): ...
