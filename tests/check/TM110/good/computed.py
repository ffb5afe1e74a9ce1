import os

import modal

GIB = 1024
app = modal.App("a")


@app.function(gpu="H100", memory=int(1.5 * 64 * GIB), cpu=float(os.environ.get("CPUS", "8")))
def train(): ...


@app.function(gpu="H100", memory=None, cpu=None)
def evaluate(): ...
