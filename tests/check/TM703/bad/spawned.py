import modal

image = modal.Image.debian_slim(python_version="3.12").uv_pip_install(
    "torch==2.9.1", "transformers==4.57.1", "trl==0.25.1"
)
app = modal.App("a", image=image)


def worker(rank: int) -> None:
    from transformers import AutoModelForCausalLM
    from trl import SFTTrainer

    model = AutoModelForCausalLM.from_pretrained("gpt2", device_map="auto")
    SFTTrainer(model=model).train()


@app.function(gpu="H100:4", timeout=3600)
def train():
    import torch.multiprocessing as mp

    mp.spawn(worker, nprocs=4)
