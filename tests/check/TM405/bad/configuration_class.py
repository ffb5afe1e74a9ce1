import subprocess
from dataclasses import dataclass

import modal

image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.13.0", "transformers==5.23.0", "trl==1.16.0")
app = modal.App("fine-tune", image=image)
volume = modal.Volume.from_name("checkpoints", create_if_missing=True)


@dataclass
class TrainConfig:
    learning_rate: float = 1e-4
    max_train_steps: int = 80
    checkpointing_steps: int = 1000


@app.function(gpu="A100-80GB", timeout=1800, volumes={"/data": volume})
def train(config: TrainConfig):
    subprocess.run(
        [
            "accelerate", "launch", "train_dreambooth_lora.py", "--output_dir=/data/model",
            f"--max_train_steps={config.max_train_steps}", f"--checkpointing_steps={config.checkpointing_steps}",
        ],
        check=True,
    )
