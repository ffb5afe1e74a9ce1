import modal

COUNT = 16
app = modal.App("bad")


@app.function(gpu=f"h100!:{COUNT}", timeout=3600)
def train(): ...
