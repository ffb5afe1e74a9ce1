import modal

app = modal.App("cluster", image=modal.Image.debian_slim().pip_install("torch==2.13.0"))
volume = modal.Volume.from_name("checkpoints", create_if_missing=True)


@app.function(gpu="H100:8", timeout=3600)
def train():
    import torch.distributed as dist

    dist.init_process_group("nccl")
    print(dist.get_rank())
