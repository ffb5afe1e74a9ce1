"""get_peft_model without its configuration."""

import modal

app = modal.App("adapters")
image = modal.Image.debian_slim(python_version="3.12").pip_install("torch", "transformers", "peft==0.21.2")
volume = modal.Volume.from_name("adapters", create_if_missing=True)


@app.function(image=image, gpu="L40S", timeout=1800, volumes={"/adapters": volume})
def prepare() -> None:
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained("Qwen/Qwen3-0.6B")
    config = LoraConfig(r=16, target_modules="all-linear")
    print(config)
    get_peft_model(model).save_pretrained("/adapters/fresh")
