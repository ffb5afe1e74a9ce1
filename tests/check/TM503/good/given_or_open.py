import os

import modal

app = modal.App("train")
hub = modal.Secret.from_name("hf", required_keys=["HUGGINGFACE_TOKEN", "HF_TOKEN"])
image = modal.Image.debian_slim(python_version="3.12").env({"SERVICE_TOKEN": "none"})


@app.function(image=image, secrets=[hub, modal.Secret.from_dict({"WANDB_API_KEY": os.environ.get("KEY", "")})])
def all_given():
    print(os.environ["WANDB_API_KEY"], os.environ["HF_TOKEN"], os.environ["SERVICE_TOKEN"], os.environ["HOME"])


@app.function(secrets=[modal.Secret.from_name("everything")])
def may_have_any_key():
    print(os.environ["OPENAI_API_KEY"])


hub_image = modal.Image.debian_slim(python_version="3.12").pip_install("huggingface_hub==2.4.0")


@app.function(image=hub_image, secrets=[modal.Secret.from_name("hf", required_keys=["HUGGINGFACE_TOKEN"])])
def reads_it_itself():
    from huggingface_hub import login

    login(token=os.environ["HUGGINGFACE_TOKEN"])


@app.function(secrets=[modal.Secret.from_name("wandb", required_keys=["WANDB_API_KEY"])])
def asks_before():
    if "API_TOKEN" in os.environ:
        print(os.environ["API_TOKEN"])
