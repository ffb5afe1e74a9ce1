import os

import modal

image = (
    modal.Image.debian_slim(python_version="3.12")
    .apt_install("git")
    .pip_install("trl==1.16.0", "bitsandbytes==0.50.2", "Pillow==12.0.0")
    .run_commands("pip install scikit-learn==1.7.2 && git --version")
)
app = modal.App("train", image=image)

with image.imports():
    import torch
    import wandb


@app.function(gpu="H100")
def train():
    import accelerate
    import numpy
    import pandas
    import peft
    import PIL
    import sklearn
    import yaml
    from transformers import AutoTokenizer

    try:
        import flash_attn
    except ImportError:
        flash_attn = None
    print(accelerate, numpy, pandas, peft, PIL, sklearn, yaml, AutoTokenizer, flash_attn, os.getcwd(), torch, wandb)
