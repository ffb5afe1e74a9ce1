import modal

app = modal.App("a")



@app.function(gpu="H1OO:8")
def train(): ...
