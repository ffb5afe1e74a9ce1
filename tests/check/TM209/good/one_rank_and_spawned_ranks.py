import os

import modal

app = modal.App("cluster", image=modal.Image.debian_slim().pip_install("torch==2.13.0"))
volume = modal.Volume.from_name("checkpoints", create_if_missing=True)


def worker(rank, size):
    import torch.distributed as dist

    os.environ["MASTER_ADDR"] = "localhost"
    os.environ["MASTER_PORT"] = "29500"
    dist.init_process_group("nccl", rank=rank, world_size=size)


@app.function(gpu="H100:8", timeout=3600)
def train():
    import torch.multiprocessing as mp

    mp.spawn(worker, args=(8,), nprocs=8)


@app.function(gpu="H100", timeout=3600)
def single():
    import torch.distributed as dist

    os.environ.update({"RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "localhost", "MASTER_PORT": "29500"})
    dist.init_process_group("nccl")


if __name__ == "__main__":
    print(os.environ["RANK"])
