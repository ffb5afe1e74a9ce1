import modal
from trl import SFTConfig, SFTTrainer

ROWS = 52002
MICRO_BATCH = 4
NUM_GPUS = 8
EPOCHS = 3
total_steps = EPOCHS * ROWS // (MICRO_BATCH * NUM_GPUS)
steps_per_epoch = ROWS // (MICRO_BATCH * NUM_GPUS)
image = modal.Image.debian_slim(python_version="3.12").pip_install("trl==1.16.0")
app = modal.App("good", image=image)


@app.function(gpu=f"H100:{NUM_GPUS}")
def train():
    SFTTrainer("m", args=SFTConfig(num_train_epochs=EPOCHS, save_steps=total_steps // 10))
