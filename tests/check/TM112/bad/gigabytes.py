import modal

MEMORY = 64
app = modal.App("a")


@app.function(gpu="A100-80GB", memory=MEMORY, timeout=3600)
def train(): ...
