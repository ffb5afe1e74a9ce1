import modal
from trl import SFTConfig

ROWS, EVAL_ROWS = 52_002, 2_000
BATCH_SIZE = 16
EPOCHS = 3
# Intervals and validation say nothing of the epochs.
eval_steps = EVAL_ROWS // BATCH_SIZE
save_interval = ROWS // BATCH_SIZE
num_steps = ROWS // BATCH_SIZE
all_of_them = num_steps * EPOCHS
image = modal.Image.debian_slim(python_version="3.12").pip_install("trl==1.16.0")
app = modal.App("good", image=image)


@app.function(gpu="H100", timeout=3600)
def train():
    return SFTConfig(num_train_epochs=EPOCHS, save_steps=save_interval, eval_steps=eval_steps)
