import modal

image = modal.Image.from_registry("nvidia/cuda:12.8.1-devel-ubuntu22.04", add_python="3.12").uv_pip_install(
    "torch==2.9.1"
)
app = modal.App("a", image=image)


@app.function(gpu="H100:8", timeout=3600)
@modal.clustered(size=2, rdma=True)
def train(): ...
