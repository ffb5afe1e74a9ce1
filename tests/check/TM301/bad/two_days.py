import modal

app = modal.App("a")


TIMEOUT = 172800


@app.function(gpu="H100", timeout=TIMEOUT)
def train(): ...
