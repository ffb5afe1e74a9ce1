import modal

pinned = modal.Image.debian_slim(python_version="3.12").pip_install(
    "torch==2.13.0", "transformers~=5.23.0", "trl<2", "wandb", "trl @ git+https://github.com/huggingface/trl@9f2c1d7"
)
serving = modal.Image.debian_slim(python_version="3.12").pip_install("vllm", "torch")
app = modal.App("train")


@app.function(image=pinned, gpu="H100", timeout=3600)
def train():
    from trl import SFTTrainer

    SFTTrainer("Qwen/Qwen3-0.6B").train()


@app.function(image=serving, gpu="H100")
def serve():
    """Serves what train.py trained; torchrun is not used."""
    import vllm

    vllm.LLM("Qwen/Qwen3-0.6B").generate("Hello")


@app.local_entrypoint()
def main():
    train.remote()
    serve.remote()
