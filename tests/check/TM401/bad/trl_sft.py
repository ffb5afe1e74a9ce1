"""TRL's own command; its file says where to save, beside the volume."""

import subprocess

import modal

app = modal.App("trl-sft")
image = (
    modal.Image.debian_slim(python_version="3.12")
    .pip_install("torch==2.9.1", "trl==1.16.0", "peft==0.21.2", "datasets==4.4.1")
    .add_local_file("trl_sft.yaml", "/root/trl_sft.yaml")
)
volume = modal.Volume.from_name("sft", create_if_missing=True)


@app.function(gpu="L40S", image=image, volumes={"/data": volume}, timeout=3000)
def train() -> None:
    subprocess.run(["trl", "sft", "--config", "/root/trl_sft.yaml", "--max_steps", "200"], check=True)
