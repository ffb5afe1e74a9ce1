"""Tokens that are used if they are there, or given by the environment of the image."""

import os

import modal

app = modal.App("finetune")
image = (
    modal.Image.debian_slim(python_version="3.12")
    .pip_install("torch==2.9.1", "transformers==5.23.0")
    .env({"SERVICE_KEY": "local"})
)


@app.function(image=image, gpu="L40S", timeout=1800)
def fetch() -> None:
    from transformers import AutoModel

    token = os.getenv("HF_TOKEN")
    if not token:
        print("no token: public models only")
    AutoModel.from_pretrained("Qwen/Qwen3-0.6B", token=token)
    print(os.environ["SERVICE_KEY"])
    mode = os.getenv("MODE", "plain")
    if not mode:
        raise ValueError("MODE is empty")


@app.local_entrypoint()
def main() -> None:
    key = os.getenv("OPENAI_API_KEY")
    if not key:
        raise SystemExit("OPENAI_API_KEY is needed on this machine")
    fetch.remote()
