import modal

app = modal.App("a")


@app.function(gpu="A100:80GB", timeout=3600)
def train(): ...


@app.function(gpu="H100:eight", timeout=3600)
def evaluate(): ...
