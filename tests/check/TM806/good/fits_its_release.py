import modal

old = modal.Image.debian_slim(python_version="3.12").pip_install("transformers==4.40.2", "trl==0.9.6", "peft==0.11.1")
app = modal.App("train", image=old)


@app.function(gpu="H100", timeout=3600)
def train():
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, TrainingArguments
    from trl import SFTConfig, SFTTrainer

    model = AutoModelForCausalLM.from_pretrained("Qwen/Qwen2.5-0.5B", anything=1, torch_dtype="auto")
    arguments = TrainingArguments("out", evaluation_strategy="steps", warmup_ratio=0.1, logging_dir="logs")
    config = SFTConfig(output_dir="out", max_seq_length=2048, gradient_accumulation_steps=4)
    SFTTrainer(model=model, args=config, tokenizer=None, peft_config=LoraConfig(r=8)).train()
    print(arguments)
