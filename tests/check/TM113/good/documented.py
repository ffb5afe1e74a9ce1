import modal

app = modal.App("a")



@app.function(gpu=["H100!:8", "B200+"])
def train(): ...
