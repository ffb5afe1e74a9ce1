import os

import modal

app = modal.App("cluster", image=modal.Image.debian_slim().pip_install("torch==2.13.0"))
volume = modal.Volume.from_name("checkpoints", create_if_missing=True)


@app.function(gpu="H100:2", timeout=3600)
def train():
    device = int(os.environ["LOCAL_RANK"])
    print(device)
