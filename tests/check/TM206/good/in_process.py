import modal

app = modal.App("cluster", image=modal.Image.debian_slim().pip_install("torch==2.13.0"))
volume = modal.Volume.from_name("checkpoints", create_if_missing=True)


NODES = 2


@app.function(gpu="H100:8", timeout=3600, volumes={"/data": volume})
@modal.clustered(size=NODES, rdma=True)
def train():
    from torch.distributed.run import parse_args, run

    cluster = modal.Cluster.from_context()
    run(
        parse_args(
            [
                f"--nnodes={NODES}",
                f"--node-rank={cluster.container_rank()}",
                f"--master-addr={cluster.container_ips()[0]}",
                "--nproc-per-node=8",
                "train.py",
            ]
        )
    )
