import modal

from settings import COMMON

app = modal.App("a")


@app.function(gpu="H100:8")
@modal.clustered(size=2)
def train(): ...


@app.function(**COMMON)
@modal.clustered(size=2)
def hidden(): ...
