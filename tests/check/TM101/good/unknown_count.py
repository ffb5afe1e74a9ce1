import os

import modal

app = modal.App("good")
count = os.environ.get("GPUS")


@app.function(gpu=f"H100:{count}")
def train(): ...
