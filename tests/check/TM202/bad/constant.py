import modal

NODES = 33
app = modal.App("a")


@app.function(gpu="L4:8", timeout=3600)
@modal.experimental.clustered(NODES)
def train(): ...
