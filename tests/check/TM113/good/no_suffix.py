import modal

app = modal.App("a")


@app.function(gpu="h100!", timeout=3600)
def train(): ...


@app.function(gpu="b200+:8", timeout=3600)
def train_more(): ...
