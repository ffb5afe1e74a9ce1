import subprocess

import modal
from dotenv import load_dotenv

load_dotenv()
app = modal.App("dotenv")
image = modal.Image.debian_slim(python_version="3.12").pip_install(
    "torch==2.9.1", "huggingface-hub==1.2.0", "unsloth[colab-new]==2026.6.3"
)


@app.function(image=image, gpu="L4", timeout=3600)
def run():
    subprocess.run(["nvidia-smi"], check=True)
