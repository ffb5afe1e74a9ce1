import modal
from trl import SFTConfig

BATCH_SIZE = 8
total_steps = 10_000 // BATCH_SIZE
warmup_steps = total_steps // 10
app = modal.App("good")


@app.function(gpu="L4")
def train():
    return SFTConfig(num_train_epochs=1, save_steps=total_steps // 4)
