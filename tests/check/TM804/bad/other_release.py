import modal

app = modal.App("train")


@app.function(gpu="H100", is_generators=True, _warn_parentheses_missing=None)
def train():
    yield 1
