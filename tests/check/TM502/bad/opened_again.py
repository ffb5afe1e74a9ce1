import modal

app = modal.App("mistral")
image = modal.Image.debian_slim(python_version="3.12").pip_install("transformers==5.23.0", "torch==2.13.0")


@app.function(image=image, gpu="A10")
def load():
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained("mistralai/Mistral-7B-Instruct-v0.3")
