import os

import modal

image = modal.Image.debian_slim(python_version="3.12").uv_pip_install(
    "torch==2.9.1", "transformers==4.57.1", "trl==0.25.1"
)
app = modal.App("a", image=image)


@app.function(gpu="H100:8", timeout=3600)
def train():
    from transformers import AutoModelForCausalLM, Trainer

    print(os.environ["LOCAL_RANK"])
    Trainer(model=AutoModelForCausalLM.from_pretrained("gpt2", device_map="auto")).train()
