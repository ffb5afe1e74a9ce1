import os

import modal

image = (
    modal.Image.debian_slim(python_version="3.12")
    .pip_install("huggingface_hub==2.4.0")
    .run_commands(f"hf auth login --token {os.environ['HF_TOKEN']}")
)
