import subprocess

import modal

image = modal.Image.debian_slim(python_version="3.12").uv_pip_install("torch==2.9.1", "transformers==4.57.1")
app = modal.App("sft", image=image)
runs = modal.Volume.from_name("runs", create_if_missing=True)


SETTINGS = {"epochs": 3, "micro_batch": 4, "accumulation": 2}


@app.function(gpu="L40S", volumes={"/runs": runs}, timeout=3600)
def train(rows: int):
    from transformers import Trainer, TrainingArguments

    batch = SETTINGS["micro_batch"] * SETTINGS["accumulation"]
    total_steps = rows // batch * SETTINGS["epochs"]
    num_steps = (rows // batch) * SETTINGS.get("epochs", 1)
    arguments = TrainingArguments(
        output_dir="/runs/sft", num_train_epochs=3, warmup_steps=total_steps // 10, logging_steps=num_steps // 100
    )
    Trainer(args=arguments).train()
