import modal
from modal.experimental import clustered

app = modal.App("bad")


@app.function(gpu="H100:8")
@clustered(size=2)
def train(): ...
