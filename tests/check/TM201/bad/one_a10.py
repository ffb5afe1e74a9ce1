from modal import App
from modal.experimental import clustered

app = App("bad")


@app.function(gpu="A10")
@clustered(4)
def train(): ...
