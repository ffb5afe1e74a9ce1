import modal

app = modal.App("good")


@app.function(gpu="H100:8")
@modal.clustered(size=2)
def train(): ...
