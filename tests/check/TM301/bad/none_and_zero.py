import modal

app = modal.App("a")



@app.function(gpu="H100", timeout=None)
def forever(): ...


@app.function(gpu="H100", timeout=0)
def never(): ...
