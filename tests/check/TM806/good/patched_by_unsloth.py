import modal

image = modal.Image.debian_slim(python_version="3.12").pip_install("unsloth", "trl", "transformers")
app = modal.App("train", image=image)


@app.function(gpu="H100", timeout=3600)
def train():
    from trl import SFTTrainer
    from unsloth import FastLanguageModel

    model, tokenizer = FastLanguageModel.from_pretrained("unsloth/Qwen2.5-7B")
    SFTTrainer(model=model, tokenizer=tokenizer, max_seq_length=2048, dataset_text_field="text").train()
