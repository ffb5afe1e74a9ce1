import modal

app = modal.App("a")



@app.function(cpu=4, nonpreemptible=True)
def prepare(): ...


@app.function(gpu="H100", nonpreemptible=False)
def train(): ...
