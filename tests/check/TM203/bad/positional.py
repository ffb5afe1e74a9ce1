import modal
import modal.experimental

NODES = 4
app = modal.App("bad")


@app.function(gpu="H100:8")
@modal.experimental.clustered(NODES)
def train(): ...
