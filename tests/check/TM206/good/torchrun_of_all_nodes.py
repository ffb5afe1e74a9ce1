import subprocess

import modal

app = modal.App("cluster", image=modal.Image.debian_slim().pip_install("torch==2.13.0"))
volume = modal.Volume.from_name("checkpoints", create_if_missing=True)


@app.function(gpu="H100:8", timeout=3600, volumes={"/data": volume})
@modal.clustered(size=2, rdma=True)
def train():
    cluster = modal.Cluster.from_context()
    command = ["torchrun", "--nnodes=2", "--nproc-per-node=8"]
    command += [f"--node-rank={cluster.container_rank()}", f"--master-addr={cluster.container_ips()[0]}"]
    subprocess.run([*command, "train.py", "--output_dir", "/data/run"], check=True)
