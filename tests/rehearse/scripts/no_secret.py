"""It asks for a gated model and brings no Hugging Face token."""

import modal

app = modal.App("no-secret")


@app.function(gpu="L4", timeout=3600)
def train():
    from transformers import AutoConfig

    AutoConfig.from_pretrained("meta-llama/Llama-3.1-8B")


@app.local_entrypoint()
def main():
    train.remote()
