import modal

NUM_GPUS = 8
NODES = 2
MICRO_BATCH = 4
EFFECTIVE_BATCH = MICRO_BATCH * NUM_GPUS
app = modal.App("good")


@app.function(gpu=f"H100:{NUM_GPUS}")
def train(): ...


@app.function(gpu="H100:8")
@modal.clustered(size=NODES)
def train_on_two_nodes():
    world_size = 16
    return 1024 // world_size
