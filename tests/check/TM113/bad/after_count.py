import modal

app = modal.App("a")



@app.function(gpu="H100:8!")
def train(): ...
