import os

import modal

N_GPUS = int(os.environ.get("N_GPUS", "4"))
stub_gpu = modal.gpu.Any()
app = modal.App("a")


@app.function(gpu=modal.gpu.L40S(count=N_GPUS), timeout=3600)
def train(): ...


@app.function(gpu=stub_gpu)
def evaluate(): ...
