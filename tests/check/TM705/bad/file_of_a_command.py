"""A JSON file that the image brings along, and what the command says beside it."""

import subprocess

import modal

app = modal.App("zero")
image = (
    modal.Image.debian_slim(python_version="3.12")
    .pip_install("torch==2.9.1", "transformers==5.23.0", "deepspeed==0.19.0", "accelerate==1.15.0")
    .add_local_file("file_of_a_command.json", "/root/zero2.json")
    .add_local_dir(".", "/root/code")
)
volume = modal.Volume.from_name("zero", create_if_missing=True)


@app.function(gpu="H100:8", image=image, volumes={"/data": volume}, cpu=64, timeout=3600)
def train() -> None:
    command = ["deepspeed", "--num_gpus=8", "/root/code/train.py", "--deepspeed", "/root/zero2.json"]
    command += ["--per_device_train_batch_size", "4", "--gradient_accumulation_steps", "2"]
    command += ["--learning_rate", "2e-5", "--bf16", "True", "--output_dir", "/data/run"]
    subprocess.run(command, check=True)
