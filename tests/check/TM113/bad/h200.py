import modal

app = modal.App("a")


@app.function(gpu=["B200:8+", "H200!:8"], timeout=3600)
def train(): ...
