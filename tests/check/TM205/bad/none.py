import modal

app = modal.App("a")


@app.function(cpu=8, gpu=None)
@modal.clustered(size=2)
def preprocess(): ...
