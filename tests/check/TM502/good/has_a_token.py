import os

import modal

image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.13.0", "transformers==5.23.0")
app = modal.App("train", image=image)
MODEL = "meta-llama/Llama-3.1-8B"


def load(**options):
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(MODEL, **options)


@app.function(gpu="H100", secrets=[modal.Secret.from_name("my-secrets")])
def with_a_secret_that_may_have_it():
    load()


@app.function(gpu="H100", secrets=[modal.Secret.from_dict({"HF_TOKEN": os.environ.get("HF_TOKEN", "")})])
def with_a_dict():
    load()


@app.function(gpu="H100")
def by_argument(token: str):
    from transformers import AutoTokenizer

    AutoTokenizer.from_pretrained(MODEL, token=token)


@app.function(gpu="H100")
def open_copy():
    from transformers import AutoTokenizer

    AutoTokenizer.from_pretrained("unsloth/Llama-3.1-8B")
