import modal

image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.13.0", "transformers==5.23.0")
app = modal.App("train", image=image)


@app.function(gpu="H100", timeout=3600)
def train():
    from transformers import Trainer, TrainingArguments

    arguments = TrainingArguments("out", evaluation_strategy="steps", group_by_length=True, overwrite_output_dir=True)
    Trainer(model=None, tokenizer=None, args=arguments).train()
