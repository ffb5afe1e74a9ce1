import modal

app = modal.App("a")
try:
    GPU = modal.gpu.H100(count=8)
except AttributeError:
    GPU = "H100:8"

GPU_TYPE = "H100"
if GPU_TYPE == "A100":
    OTHER = modal.gpu.A100(count=2)
else:
    OTHER = f"{GPU_TYPE}:2"


@app.function(gpu=GPU, timeout=3600)
def train(): ...


@app.function(gpu=OTHER, timeout=3600)
def evaluate(): ...
