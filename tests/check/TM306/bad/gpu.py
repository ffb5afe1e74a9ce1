import modal

app = modal.App("a")



@app.function(gpu="H100", nonpreemptible=True)
def train(): ...
