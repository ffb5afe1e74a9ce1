import modal

app = modal.App("a")



@app.function(gpu=["any"])
def train(): ...
