import modal

app = modal.App("a")


SIZE = "70GB"


@app.function(gpu=f"A100-{SIZE}")
def train(): ...
