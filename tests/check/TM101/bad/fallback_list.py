import modal

app = modal.App("bad")


@app.function(gpu=["H100:8", "A10:8"])
def train(): ...
