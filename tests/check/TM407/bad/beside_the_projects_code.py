"""The project's code is added, and no weights."""

import modal

app = modal.App("sft")
image = (
    modal.Image.debian_slim(python_version="3.12")
    .pip_install("torch==2.9.1", "transformers==5.23.0")
    .add_local_dir(".", remote_path="/root/project")
)
volume = modal.Volume.from_name("sft", create_if_missing=True)


@app.function(image=image, gpu="A10G", timeout=3600, volumes={"/outputs": volume})
def train() -> None:
    from transformers import AutoModelForCausalLM, Trainer, TrainingArguments

    name = "Qwen/Qwen2.5-7B-Instruct"
    model = AutoModelForCausalLM.from_pretrained(name)
    Trainer(model, TrainingArguments("/outputs/run", save_total_limit=2)).train()
