import modal

NUM_GPUS = 10
MICRO_BATCH = 4
EFFECTIVE_BATCH = MICRO_BATCH * NUM_GPUS
app = modal.App("bad")


@app.function(gpu="H100:8")
def train(): ...
