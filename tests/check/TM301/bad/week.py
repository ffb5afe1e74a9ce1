import modal

app = modal.App("a")


DAYS = 24 * 3600


@app.function(gpu="H100", timeout=7 * DAYS)
def train(): ...
