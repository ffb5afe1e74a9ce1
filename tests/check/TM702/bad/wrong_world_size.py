import modal

ROWS = 52002
MICRO_BATCH = 4
NUM_GPUS = 10
EPOCHS = 3
save_every = ROWS * EPOCHS // (MICRO_BATCH * NUM_GPUS) // 10
app = modal.App("bad")


@app.function(gpu="H100:8")
def train(): ...
