import modal

image = modal.Image.debian_slim(python_version="3.12").uv_pip_install("torch==2.9.1", "transformers==4.57.1", "datasets==4.0.0")
app = modal.App("sft", image=image)
runs = modal.Volume.from_name("runs", create_if_missing=True)



@app.function(gpu="L4", volumes={"/runs": runs}, timeout=2 * 3600)
def train():
    from datasets import load_dataset
    from transformers import Trainer, TrainingArguments

    rows = load_dataset("tatsu-lab/alpaca", split="train")
    arguments = TrainingArguments(
        output_dir="/runs/sft", num_train_epochs=1, per_device_train_batch_size=16, save_steps=200
    )
    Trainer(args=arguments, train_dataset=rows).train()
