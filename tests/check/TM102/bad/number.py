import modal

app = modal.App("a")


@app.function(gpu=["100"], timeout=3600)
def bench(): ...
