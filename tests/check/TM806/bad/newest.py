import modal

image = modal.Image.debian_slim(python_version="3.12").pip_install("trl", "transformers", "peft")
app = modal.App("train", image=image)


@app.function(gpu="H100", timeout=3600)
def train():
    from peft import LoraConfig
    from trl import SFTConfig, SFTTrainer

    config = SFTConfig(output_dir="out", max_seq_length=2048, evaluation_strategy="steps")
    SFTTrainer("Qwen/Qwen2.5-0.5B", args=config, peft_config=LoraConfig(r=8, lora_alhpa=16), packing=True).train()
