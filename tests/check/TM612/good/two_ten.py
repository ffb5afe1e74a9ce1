import modal

image = modal.Image.debian_slim().pip_install("torch==2.10.0").env({"PYTORCH_ALLOC_CONF": "backend:native"})
app = modal.App("train", image=image)


@app.function(gpu="H100")
def train():
    print("training")
