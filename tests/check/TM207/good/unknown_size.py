import os

import modal

app = modal.App("a")
NODES = int(os.environ.get("NODES") or 0) or 2


@app.function(gpu="H100:8", max_containers=NODES, timeout=3600)
@modal.clustered(size=NODES)
def train(): ...
