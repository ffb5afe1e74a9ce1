import modal

app = modal.App("a")


NODES = 64


@app.function(gpu="H100:8")
@modal.clustered(size=NODES)
def train(): ...
