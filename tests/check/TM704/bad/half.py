import modal

image = modal.Image.debian_slim(python_version="3.12").uv_pip_install("torch==2.9.1", "trl==0.25.1")
app = modal.App("a", image=image)
volume = modal.Volume.from_name("runs", create_if_missing=True)


@app.function(gpu="H100", timeout=6 * 3600, retries=3, volumes={"/runs": volume})
def train():
    from trl import SFTConfig, SFTTrainer

    config = SFTConfig(output_dir="/runs/a", max_steps=800, save_steps=400)
    SFTTrainer("gpt2", args=config).train(resume_from_checkpoint=True)
