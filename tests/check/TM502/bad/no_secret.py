import modal

image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.13.0", "transformers==5.23.0")
app = modal.App("train", image=image)
MODEL = "meta-llama/Llama-3.1-8B"


@app.function(gpu="H100", timeout=3600)
def train():
    from transformers import AutoModelForCausalLM

    AutoModelForCausalLM.from_pretrained(MODEL)
