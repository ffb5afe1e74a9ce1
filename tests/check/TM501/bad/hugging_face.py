import os

import modal

app = modal.App("train")
os.environ["HF_TOKEN"] = "hf_NqVwYSVPHbDXpPdkhxEpyIgKpaUnArlX"


@app.function(gpu="H100", timeout=3600)
def train():
    from huggingface_hub import login

    login(token=os.environ["HF_TOKEN"])
