import modal
import modal.experimental

app = modal.App("bad")


@app.function(gpu="H100:8")
@modal.experimental.clustered(size=2, broadcast=True)
def train(): ...
