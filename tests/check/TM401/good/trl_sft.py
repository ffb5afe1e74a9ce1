"""The same file; the command says otherwise, and another gives every setting itself."""

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
    subprocess.run(["trl", "sft", "--config", "/root/trl_sft.yaml", "--output_dir", "/data/adapter"], check=True)


@app.function(gpu="L40S", image=image, volumes={"/data": volume}, timeout=3000)
def train_without_a_file() -> None:
    command = "trl dpo --model_name_or_path Qwen/Qwen3-0.6B --dataset_name trl-lib/ultrafeedback_binarized"
    subprocess.run(f"{command} --output_dir /data/dpo --bf16", shell=True, check=True)
