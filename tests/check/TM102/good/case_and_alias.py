import modal

app = modal.App("a")



@app.function(gpu=["h100!:8", "a100-80gb:4", "A10G", "b200+"])
def train(): ...


@app.function(gpu=None)
def prepare(): ...
