import modal

app = modal.App("a")


MEMORY = 32768.0


@app.function(gpu="H100", memory=MEMORY, cpu=[4, 8])
def train(): ...
