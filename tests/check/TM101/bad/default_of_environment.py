import os

import modal

app = modal.App("bad")


@app.cls(gpu=f"L40S:{os.environ.get('GPUS', '9')}")
class Trainer: ...
