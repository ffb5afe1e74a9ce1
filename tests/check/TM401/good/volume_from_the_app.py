import modal

volume = modal.Volume.from_name("checkpoints", create_if_missing=True)
app = modal.App("fine-tune", volumes={"/data": volume}, image=modal.Image.debian_slim().pip_install("trl==1.16.0"))


@app.function(gpu="H100", timeout=3600)
def train():
    from trl import SFTConfig, SFTTrainer

    config = SFTConfig(output_dir="/data/out")
    SFTTrainer("Qwen/Qwen3-8B", args=config, train_dataset=[]).train(resume_from_checkpoint=None)
