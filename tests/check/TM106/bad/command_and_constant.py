import subprocess

import modal
import torch

COMPUTE = torch.bfloat16
app = modal.App("a")


@app.function(gpu="T4", timeout=3600)
def load():
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained("gpt2", torch_dtype=COMPUTE)


@app.function(gpu="T4:4", timeout=3600)
def train():
    subprocess.run("torchrun --nproc-per-node=4 run_clm.py --bf16 True --output_dir /tmp/a", shell=True, check=True)
