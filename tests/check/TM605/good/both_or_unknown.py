import modal

CONF = "expandable_segments:True"
both = (
    modal.Image.debian_slim(python_version="3.12")
    .pip_install("torch==2.13.0")
    .env({"PYTORCH_CUDA_ALLOC_CONF": CONF, "PYTORCH_ALLOC_CONF": CONF})
)
app = modal.App("train")


@app.function(gpu="H100", image=both)
def train():
    print("training")
