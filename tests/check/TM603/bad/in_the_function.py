import modal

image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.13.0", "transformers==5.23.0")
app = modal.App("train", image=image)


def load():
    from datasets import load_dataset

    return load_dataset("tatsu-lab/alpaca")


@app.function(gpu="H100")
def train():
    import torch
    import wandb

    wandb.init()
    print(torch.cuda.device_count(), load())
