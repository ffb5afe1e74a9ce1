import modal

app = modal.App("a")



@app.function(gpu="A10G!:2")
def train(): ...
