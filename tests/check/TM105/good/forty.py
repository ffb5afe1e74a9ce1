import modal

app = modal.App("a")


# An A100 with 40 GB is enough.
@app.function(gpu="A100")
def train(): ...


# An H100 has 80 GB.
@app.function(gpu="H100")
def evaluate(): ...
