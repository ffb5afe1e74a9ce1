import os
import subprocess

import modal

app = modal.App("serve")
API_KEY = os.environ["MODAL_LLM_API_KEY"]
ENVIRONMENT = os.environ["MODAL_ENVIRONMENT"]
image = modal.Image.from_registry("nvidia/cuda:12.8.1-devel-ubuntu22.04", add_python="3.12").pip_install("vllm==0.19.0")


@app.function(image=image, gpu="H100", timeout=3600)
@modal.web_server(8000)
def serve():
    subprocess.Popen(["vllm", "serve", "Qwen/Qwen3-8B", "--api-key", API_KEY])
