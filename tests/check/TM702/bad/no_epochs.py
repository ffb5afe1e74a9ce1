import modal
from trl import SFTConfig, SFTTrainer

ROWS = 52002
BATCH = 32
steps = ROWS // BATCH
app = modal.App("bad")


@app.function(gpu="H100")
def train():
    SFTTrainer(args=SFTConfig(num_train_epochs=3, per_device_train_batch_size=32, save_steps=steps // 10))
