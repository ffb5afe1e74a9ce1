import modal

image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.13.0", "transformers==5.23.0", "trl==1.16.0")
app = modal.App("fine-tune", image=image)
volume = modal.Volume.from_name("checkpoints", create_if_missing=True)


@app.function(gpu="H100", timeout=6 * 3600, volumes={"/data": volume})
def train():
    from trl import SFTConfig, SFTTrainer

    config = SFTConfig(output_dir="/data/run", save_steps=100, save_total_limit=2)
    trainer = SFTTrainer("Qwen/Qwen3-8B", args=config, train_dataset=[])
    trainer.train(resume_from_checkpoint=None)
    volume.commit()


@app.local_entrypoint()
def main():
    other = modal.Volume.from_name("checkpoints")
    print(list(other.listdir("/")))
