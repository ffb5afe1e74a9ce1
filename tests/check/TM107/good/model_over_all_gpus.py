import modal

image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.13.0", "transformers==5.23.0", "trl==1.16.0")
app = modal.App("fine-tune", image=image)
volume = modal.Volume.from_name("checkpoints", create_if_missing=True)


@app.function(gpu="A100-80GB:2", timeout=3600, volumes={"/data": volume})
def train():
    from transformers import AutoModelForCausalLM
    from trl import SFTConfig, SFTTrainer

    model = AutoModelForCausalLM.from_pretrained("Qwen/Qwen3-32B", device_map="auto")
    SFTTrainer(model, args=SFTConfig(output_dir="/data/run"), train_dataset=[]).train()
