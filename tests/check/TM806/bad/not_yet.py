import modal

image = modal.Image.debian_slim(python_version="3.12").pip_install("transformers==4.38.2", "accelerate<1")
app = modal.App("train", image=image)


@app.function(gpu="H100", timeout=3600)
def train():
    from transformers import TrainingArguments

    TrainingArguments("out", eval_strategy="steps")
