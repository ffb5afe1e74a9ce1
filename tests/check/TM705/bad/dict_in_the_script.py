"""Another micro-batch, learning rate and precision than the Trainer's, and a device_map with stage 3."""

import modal

app = modal.App("zero")
image = modal.Image.debian_slim(python_version="3.12").pip_install(
    "torch==2.9.1", "transformers==5.23.0", "deepspeed==0.19.0", "accelerate==1.15.0"
)
volume = modal.Volume.from_name("zero", create_if_missing=True)

ZERO = {
    "zero_optimization": {"stage": 3, "offload_optimizer": {"device": "cpu"}},
    "train_micro_batch_size_per_gpu": 8,
    "gradient_accumulation_steps": "auto",
    "optimizer": {"type": "AdamW", "params": {"lr": 1e-4, "weight_decay": "auto"}},
    "fp16": {"enabled": True},
}


@app.function(gpu="H100:2", image=image, volumes={"/data": volume}, cpu=16, timeout=3600)
def prepare() -> None:
    from transformers import AutoModelForCausalLM, TrainingArguments

    arguments = TrainingArguments(
        "/data/run", per_device_train_batch_size=4, learning_rate=2e-5, fp16=False, bf16=True, deepspeed=ZERO
    )
    model = AutoModelForCausalLM.from_pretrained("Qwen/Qwen3-8B", device_map="auto")
    print(arguments, model)
