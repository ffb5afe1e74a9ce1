import modal

app = modal.App("train")


@app.function(gpu="H100", secrets=[modal.Secret.from_name("hf", required_keys=["HUGGINGFACE_TOKEN"])])
def train():
    from transformers import AutoModelForCausalLM

    AutoModelForCausalLM.from_pretrained("Qwen/Qwen3-8B")
