import modal

slim = modal.Image.debian_slim(python_version="3.12").pip_install("trl==1.16.0")
cache = modal.Volume.from_name("cache", create_if_missing=True)
app = modal.App("train")


def work(model: str = "Qwen/Qwen2.5-7B", **options):
    from transformers import AutoModelForCausalLM
    from trl import SFTTrainer

    SFTTrainer(AutoModelForCausalLM.from_pretrained(model, **options)).train()


@app.function(image=slim, gpu="H100", volumes={"/root/.cache": cache}, timeout=3600)
def default_folder():
    work()


@app.function(image=slim.env({"HF_HUB_CACHE": "/cache/hub"}), gpu="H100", volumes={"/cache": cache}, timeout=3600)
def by_variable():
    work()


@app.function(image=slim, gpu="L4", timeout=3600)
def small():
    from trl import SFTTrainer

    SFTTrainer(model="Qwen/Qwen2.5-0.5B").train()


@app.function(image=slim, gpu="H100", volumes={"/weights": cache}, timeout=3600)
def by_argument():
    from transformers import AutoModelForCausalLM
    from trl import SFTTrainer

    SFTTrainer(AutoModelForCausalLM.from_pretrained("Qwen/Qwen2.5-7B", cache_dir="/weights")).train()
