import subprocess

import modal

image = modal.Image.debian_slim(python_version="3.12").uv_pip_install("torch==2.9.1", "transformers==4.57.1")
app = modal.App("a", image=image)


@app.function(gpu="T4", timeout=3600)
def load():
    import torch
    from transformers import AutoModelForCausalLM

    dtype = torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return AutoModelForCausalLM.from_pretrained("gpt2", torch_dtype=dtype)


@app.function(gpu="T4:4", timeout=3600)
def train():
    subprocess.run("torchrun --nproc-per-node=4 run_clm.py --bf16 False --fp16 True", shell=True, check=True)


@app.function(gpu="H100", timeout=3600)
def fast():
    subprocess.run("python run_clm.py --bf16 --attn_implementation flash_attention_2", shell=True, check=True)
