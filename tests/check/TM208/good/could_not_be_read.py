import subprocess

import modal

from settings import RDMA

app = modal.App("a")


@app.function(gpu="H100:8", timeout=3600)
@modal.clustered(size=2, rdma=RDMA)
def train():
    subprocess.run("torchrun --nnodes 2 --nproc-per-node 8 train.py", shell=True, check=True)
