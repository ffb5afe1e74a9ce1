import modal

image = modal.Image.debian_slim(python_version="3.12").pip_install(
    "torch", "transformers>=4.50", "trl==1.16.0", "wandb"
)
app = modal.App("train", image=image)


@app.function(gpu="H100", timeout=3600)
def train():
    from trl import SFTTrainer

    SFTTrainer("Qwen/Qwen3-0.6B").train()
