"""A recipe of torchtune in bfloat16 on a GPU without it."""

import subprocess

import modal

app = modal.App("tune")
image = (
    modal.Image.debian_slim(python_version="3.12")
    .pip_install("torch==2.6.0", "torchtune==0.6.1", "torchao==0.9.0")
    .add_local_file("torchtune_on_t4.yaml", "/root/lora.yaml")
)
volume = modal.Volume.from_name("tune", create_if_missing=True)


@app.function(gpu="T4", image=image, volumes={"/data": volume}, timeout=3600)
def train() -> None:
    command = ["tune", "run", "lora_finetune_single_device", "--config", "/root/lora.yaml", "epochs=2"]
    subprocess.run(command, check=True)
