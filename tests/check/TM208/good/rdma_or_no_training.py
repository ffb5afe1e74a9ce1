import modal

app = modal.App("a")



@app.function(gpu="H100:8", timeout=3600)
@modal.clustered(size=2, rdma=True)
def train():
    import subprocess

    subprocess.run(["torchrun", "--nnodes=2", "--nproc-per-node=8", "train.py"], check=True)


@app.function(gpu="H100:8")
@modal.clustered(size=2)
def serve():
    print("serving")
