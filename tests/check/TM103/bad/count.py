import modal

app = modal.App("a")


N = 4


@app.function(gpu=modal.gpu.A100(count=N, size="80GB"))
def train(): ...


@app.function(gpu=modal.gpu.H100())
def evaluate(): ...
