from pathlib import Path

import modal

app = modal.App("train")
volume = modal.Volume.from_name("data", create_if_missing=True)
cache = modal.Volume.from_name("cache", create_if_missing=True)
HOME = Path("/root")


@app.function(volumes={"data": volume, HOME: cache})
def train():
    print("training")


@app.function(volumes={"/mnt/../data": volume, "/tmp/": cache})
def evaluate():
    print("evaluating")
