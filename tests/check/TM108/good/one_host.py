import modal

app = modal.App("a")


@app.function(gpu="H100:8", timeout=3600)
def train(): ...


@app.function(gpu="A10:4", timeout=3600)
@modal.clustered(size=2)
def eight_in_all(): ...
