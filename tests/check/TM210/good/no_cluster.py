import modal

image = modal.Image.debian_slim().env({"NCCL_SOCKET_NTHREADS": "8"})
app = modal.App("a", image=image)


@app.function(gpu="H100:8")
def train(): ...
