import os

import modal

app = modal.App("a")


@app.function(gpu="H100", timeout=int(os.environ.get("TIMEOUT", "604800")))
def train(): ...
