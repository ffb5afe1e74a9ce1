import modal

image = modal.Image.debian_slim(python_version="3.12").uv_pip_install("torch==2.9.1", "transformers==4.57.1")
app = modal.App("sft", image=image)
runs = modal.Volume.from_name("runs", create_if_missing=True)
MICRO_BATCH = 2
ACCUMULATION = 4  # effective batch size 8, about 32k tokens; a total batch of 32k tokens


@app.function(gpu="L4", volumes={"/runs": runs}, timeout=3600)
def train():
    from transformers import Trainer, TrainingArguments

    arguments = TrainingArguments(
        output_dir="/runs/sft", per_device_train_batch_size=MICRO_BATCH, gradient_accumulation_steps=ACCUMULATION
    )
    Trainer(args=arguments).train()
