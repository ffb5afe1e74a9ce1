"""The Trainer's values, the same values, a batch that eight GPUs give, and a model that is loaded before."""

import json
import subprocess

import modal

app = modal.App("zero")
image = (
    modal.Image.debian_slim(python_version="3.12")
    .pip_install("torch==2.9.1", "transformers==5.23.0", "deepspeed==0.19.0", "accelerate==1.15.0")
    .add_local_file("auto.json", "/root/zero3.json")
    .add_local_dir(".", "/root/code")
)
volume = modal.Volume.from_name("zero", create_if_missing=True)


@app.function(gpu="H100:8", image=image, volumes={"/data": volume}, cpu=64, timeout=3600)
def train() -> None:
    command = ["deepspeed", "--num_gpus=8", "/root/code/train.py", "--deepspeed", "/root/zero3.json"]
    command += ["--per_device_train_batch_size", "4", "--gradient_accumulation_steps", "2"]
    command += ["--learning_rate", "2e-5", "--output_dir", "/data/run"]
    subprocess.run(command, check=True)


@app.function(gpu="H100:2", image=image, volumes={"/data": volume}, cpu=16, timeout=3600)
def prepare(rate: float = 1e-5) -> None:
    from transformers import AutoModelForCausalLM, TrainingArguments

    model = AutoModelForCausalLM.from_pretrained("Qwen/Qwen3-8B", device_map="cpu")
    with open("/tmp/written.json", "w") as file:
        json.dump({"train_micro_batch_size_per_gpu": 8, "optimizer": {"params": {"lr": 3e-4}}}, file)
    arguments = TrainingArguments("/data/run", learning_rate=rate, deepspeed="/tmp/written.json")
    print(arguments, model)
