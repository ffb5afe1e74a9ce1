import modal

app = modal.App("a")


@app.function(gpu="H100:8", cpu=(2, 4), memory=(1024, 8192), timeout=3600)
def train(): ...
