from pathlib import Path

import modal

app = modal.App("train")
data = modal.Volume.from_name("data", create_if_missing=True)
cache = modal.Volume.from_name("cache", create_if_missing=True)
bucket = modal.CloudBucketMount("bucket")
BASE = {"/data/": data}
STORE = Path("/root") / "store"


@app.function(volumes={**BASE, "/root/.cache/huggingface": cache, "/a": bucket, "/b": bucket})
def train():
    print("training")


@app.function(volumes={STORE.as_posix(): data, "/tmp/cache": cache, "/data/cache": bucket})
def evaluate():
    print("evaluating")
