import modal

app = modal.App("a")



@app.function(gpu="H100", memory="32Gi", cpu="8")
def train(): ...
