import modal

image = modal.Image.from_registry("nvidia/cuda:12.8.1-devel-ubuntu24.04", add_python="3.12")
app = modal.App("train", image=image, secrets=[modal.Secret.from_name("wandb-secret")])


def load(name: str = "google/gemma-2-9b"):
    from unsloth import FastLanguageModel

    return FastLanguageModel.from_pretrained(model_name=name, load_in_4bit=True)


@app.function(gpu="H100", timeout=3600)
def train():
    load()
