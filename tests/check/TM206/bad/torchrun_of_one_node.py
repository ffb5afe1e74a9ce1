import subprocess

import modal

app = modal.App("cluster", image=modal.Image.debian_slim().pip_install("torch==2.13.0"))
volume = modal.Volume.from_name("checkpoints", create_if_missing=True)


@app.function(gpu="H100:8", timeout=3600, volumes={"/data": volume})
@modal.clustered(size=4, rdma=True)
def train():
    subprocess.run(["torchrun", "--nproc-per-node=8", "train.py", "--output_dir", "/data/run"], check=True)
