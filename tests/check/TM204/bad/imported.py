import modal
from modal.experimental import clustered

app = modal.App("a")


@clustered(size=2, rdma=True)
@app.function(
    gpu="H100:8",
    timeout=3600,
)
def train(): ...
