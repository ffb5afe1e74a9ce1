import os

import modal

from settings import GPU

app = modal.App("a")
COUNT = os.environ.get("COUNT")


@app.function(gpu=GPU, timeout=3600)
def train(): ...


@app.function(gpu=f"H100:{COUNT}", timeout=3600)
def train_more(): ...


@app.function(gpu=os.environ.get("GPU") or None, timeout=3600)
def perhaps(): ...
