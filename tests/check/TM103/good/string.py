import modal

app = modal.App("a")



@app.function(gpu="A100-80GB:4")
def train(): ...
