import modal

image = (
    modal.Image.from_registry("nvidia/cuda:12.8.1-devel-ubuntu22.04", add_python="3.12")
    .apt_install("libibverbs1", "ibverbs-providers")
    .uv_pip_install("torch==2.9.1")
)
# NVIDIA's own images of PyTorch bring them.
ready = modal.Image.from_registry("nvcr.io/nvidia/pytorch:25.09-py3")
app = modal.App("a", image=image)


@app.function(gpu="H100:8", timeout=3600)
@modal.clustered(size=2, rdma=True)
def train(): ...


@app.function(gpu="H100:8", image=ready, timeout=3600)
@modal.clustered(size=2, rdma=True)
def train_again(): ...


@app.function(gpu="H100:8", image=modal.Image.debian_slim(), timeout=3600)
@modal.clustered(size=2)
def without_rdma(): ...
