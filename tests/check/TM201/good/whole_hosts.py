import modal

app = modal.App("good")


@app.function(gpu="H100:8")
@modal.clustered(size=2, rdma=True)
def train(): ...


@app.function(gpu="A10G:4")
@modal.clustered(size=2)
def train_small(): ...


@app.function(gpu="H100:5")
def one_container(): ...
