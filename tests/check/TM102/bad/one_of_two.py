import os

import modal

FAST = bool(os.environ.get("FAST"))
GPU = "H100-SXM" if FAST else "L40S"
app = modal.App("a")


@app.function(gpu=GPU, timeout=3600)
def train(): ...
