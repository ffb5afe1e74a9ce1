import modal
from modal import gpu

app = modal.App("a")
GPU = gpu.A10G(count=2)


@app.function(gpu=GPU)
def train(): ...
