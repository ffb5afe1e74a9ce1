import modal

app = modal.App("a")


# The adapter needs an A100 with 80 GB.
@app.function(gpu="A100:2")
def train(): ...
