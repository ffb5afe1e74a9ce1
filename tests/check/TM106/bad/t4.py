import modal

image = modal.Image.debian_slim(python_version="3.12").uv_pip_install(
    "torch==2.9.1", "transformers==4.57.1", "trl==0.25.1"
)
app = modal.App("a", image=image)


def settings():
    from trl import SFTConfig

    return SFTConfig(bf16=True, output_dir="/runs")


@app.function(gpu="T4:2")
def train():
    import torch
    from transformers import AutoModelForCausalLM

    AutoModelForCausalLM.from_pretrained("gpt2", dtype=torch.bfloat16, attn_implementation="flash_attention_2")
    return settings()
