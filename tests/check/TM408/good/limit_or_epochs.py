import modal

image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.13.0", "transformers==5.23.0", "trl==1.16.0")
app = modal.App("fine-tune", image=image)
volume = modal.Volume.from_name("checkpoints", create_if_missing=True)


COMMON = {"save_total_limit": 3}


@app.function(gpu="H100", timeout=3600, volumes={"/data": volume})
def train():
    from trl import SFTConfig, SFTTrainer

    config = SFTConfig(output_dir="/data/out", save_steps=50, **COMMON)
    other = SFTConfig(output_dir="/data/out", save_strategy="epoch")
    SFTTrainer("Qwen/Qwen3-8B", args=config, train_dataset=[]).train(resume_from_checkpoint=None)
    print(other)
