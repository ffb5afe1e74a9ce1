import modal

image = modal.Image.debian_slim().env({"NCCL_DEBUG": "INFO"})
app = modal.App("a", image=image)


@app.function(gpu="H100:8")
@modal.clustered(size=2)
def train(): ...
