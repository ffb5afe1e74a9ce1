import os

import modal

app = modal.App("all", secrets=[modal.Secret.from_dict({"WANDB_API_KEY": os.environ["WANDB_API_KEY"]})])
image = modal.Image.from_registry("nvidia/cuda:12.8.1-devel-ubuntu24.04", add_python="3.12")
TOOLKIT = os.environ["CUDA_TOOLKIT_ROOT"] if modal.is_local() else "/usr/local/cuda"
VERSION = os.environ["NVARCH"]


@app.function(image=image)
def train():
    return VERSION


@app.function(image=image, serialized=True, secrets=[])
def elsewhere():
    return TOOLKIT
