import modal
from trl import SFTConfig

BATCH_SIZE = 8
total_steps = 10_000 // BATCH_SIZE
warmup_steps = total_steps // 10
image = modal.Image.debian_slim(python_version="3.12").pip_install("trl==1.16.0")
app = modal.App("good", image=image)


@app.function(gpu="L4")
def train():
    return SFTConfig(num_train_epochs=1, save_steps=total_steps // 4)
