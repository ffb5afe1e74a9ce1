import os

import modal

image = (
    modal.Image.debian_slim(python_version="3.12")
    .env({"OPENAI_API_KEY": "EMPTY", "TOKENIZERS_PARALLELISM": "false", "HF_HOME": os.environ.get("HOME", "/x")})
    .run_commands("hf download Qwen/Qwen3-8B", secrets=[modal.Secret.from_name("huggingface-secret")])
)
app = modal.App("train", image=image)
secret = modal.Secret.from_dict({"HF_TOKEN": os.environ.get("HF_TOKEN", "")})


@app.function(secrets=[secret])
def train():
    print("training")
