"""Prints a secret, as a careless script does."""

import os

import modal

app = modal.App("secret")


@app.function(secrets=[modal.Secret.from_name("huggingface-secret", required_keys=["HF_TOKEN"])])
def use() -> int:
    print("token is", os.environ["HF_TOKEN"])
    return len(os.environ["HF_TOKEN"])


@app.local_entrypoint()
def main():
    print("result:", use.remote())
