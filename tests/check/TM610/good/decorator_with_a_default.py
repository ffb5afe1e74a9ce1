import os

import modal

app = modal.App("by environment")
token = modal.Secret.from_dict({"HF_TOKEN": os.environ.get("HF_TOKEN", "")})


@app.function(gpu=os.environ.get("TRAIN_GPU", "L4"), timeout=int(os.getenv("TRAIN_TIMEOUT", "3600")), secrets=[token])
def train(steps: int = 10):
    return steps
