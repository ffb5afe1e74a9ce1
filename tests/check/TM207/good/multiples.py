import modal

app = modal.App("a")



@app.function(gpu="H100:8", min_containers=2, max_containers=4)
@modal.clustered(size=2)
def train(): ...


@app.function(max_containers=3)
def single(): ...
