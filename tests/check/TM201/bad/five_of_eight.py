import modal

app = modal.App("bad")


@app.function(gpu="H100:5")
@modal.clustered(size=2)
def train(): ...
