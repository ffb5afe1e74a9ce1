import modal
from transformers import TrainingArguments

ROWS = 10_000
BATCH_SIZE = 8
max_steps = ROWS // BATCH_SIZE
image = modal.Image.debian_slim(python_version="3.12").pip_install("transformers==5.2.0")
app = modal.App("good", image=image)


@app.function(gpu="L4", timeout=3600)
def train():
    # max_steps counts, whatever the epochs.
    return TrainingArguments(output_dir="/out", num_train_epochs=3, max_steps=max_steps)
