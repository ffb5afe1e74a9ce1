import modal

app = modal.App("a")


@app.function(gpu=("H100", "A100"), timeout=3600)
def train(): ...


@app.function(gpu=1, timeout=3600)
def evaluate(): ...
