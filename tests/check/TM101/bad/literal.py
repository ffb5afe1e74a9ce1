import modal

app = modal.App("bad")


@app.function(gpu="H100:10")
def train(): ...
