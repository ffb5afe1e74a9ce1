import modal

image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.13.0", "transformers==5.23.0", "trl==1.16.0")
app = modal.App("fine-tune", image=image)
volume = modal.Volume.from_name("checkpoints", create_if_missing=True)


@app.function(gpu="H100:8", timeout=6 * 3600, volumes={"/data": volume})
def train():
    from trl import SFTConfig, SFTTrainer

    trainer = SFTTrainer("Qwen/Qwen3-8B", args=SFTConfig(output_dir="/data/run"), train_dataset=rows())
    trainer.train()


def rows():
    from datasets import load_dataset

    return load_dataset("trl-lib/Capybara", split="train")
