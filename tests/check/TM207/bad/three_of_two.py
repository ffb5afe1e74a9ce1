import modal

app = modal.App("a")



@app.function(gpu="H100:8", max_containers=3)
@modal.clustered(size=2)
def train(): ...
