"""Train on 10 H100 GPUs."""

import modal

app = modal.App("bad")


# 800 GB of VRAM, about 4 hours: $125.
@app.function(gpu="H100:10")
def train(): ...
