import modal

app = modal.App("a")



@app.function(gpu="H100", memory=32 * 1024, cpu=8.5)
def train(): ...


@app.function(memory=(1024, 4096), cpu=(1, 4))
def prepare(): ...
