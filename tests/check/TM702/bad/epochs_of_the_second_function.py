import modal
from trl import SFTConfig, SFTTrainer

image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.13.0", "transformers==5.23.0", "trl==1.16.0")
app = modal.App("two-trainings", image=image)
volume = modal.Volume.from_name("runs", create_if_missing=True)
ROWS, BATCH = 52_000, 16


@app.function(gpu="H100", timeout=6 * 3600, retries=3, volumes={"/runs": volume})
def adapt():
    config = SFTConfig(output_dir="/runs/adapt", num_train_epochs=1, per_device_train_batch_size=BATCH)
    SFTTrainer("Qwen/Qwen3-8B", args=config, train_dataset=[]).train()


@app.function(gpu="H100", timeout=6 * 3600, retries=3, volumes={"/runs": volume})
def polish():
    total_steps = ROWS // BATCH
    config = SFTConfig(
        output_dir="/runs/polish",
        num_train_epochs=3,
        per_device_train_batch_size=BATCH,
        save_steps=total_steps // 10,
    )
    SFTTrainer("Qwen/Qwen3-8B", args=config, train_dataset=[]).train()
