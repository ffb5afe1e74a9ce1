import os

import modal

image = modal.Image.debian_slim(python_version="3.12").uv_pip_install("torch==2.9.1", "trl==0.25.1")
app = modal.App("a", image=image)
volume = modal.Volume.from_name("runs", create_if_missing=True)


@app.function(gpu="H100", timeout=6 * 3600, retries=3, volumes={"/runs": volume})
def train():
    from trl import SFTConfig, SFTTrainer

    config = SFTConfig(output_dir="/runs/a", max_steps=2000, save_steps=100)
    SFTTrainer("gpt2", args=config).train(resume_from_checkpoint=True)


# A run of half an hour is started again.
@app.function(gpu="H100", timeout=1800, volumes={"/runs": volume})
def try_it():
    from trl import SFTConfig, SFTTrainer

    SFTTrainer("gpt2", args=SFTConfig(output_dir="/runs/b", max_steps=800, save_steps=400)).train()


# How many steps it has is known when it runs.
@app.function(gpu="H100", timeout=6 * 3600, retries=3, volumes={"/runs": volume})
def train_some(steps: int = 800):
    from trl import SFTConfig, SFTTrainer

    every = int(os.environ.get("SAVE_STEPS", "400"))
    config = SFTConfig(output_dir="/runs/c", max_steps=steps, save_steps=every)
    SFTTrainer("gpt2", args=config).train(resume_from_checkpoint=True)
