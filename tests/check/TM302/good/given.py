import modal

image = modal.Image.debian_slim(python_version="3.12").uv_pip_install(
    "torch==2.9.1", "transformers==4.57.1", "trl==0.25.1"
)
app = modal.App("a", image=image)


@app.function(gpu="A100", timeout=3600)
def train():
    from trl import SFTTrainer

    SFTTrainer(model="gpt2").train()


@app.function(gpu="A100")
def serve():
    print("not a training")


@app.function(gpu="A100")
def late():
    from trl import SFTTrainer

    SFTTrainer(model="gpt2").train()


@app.local_entrypoint()
def main():
    late.with_options(timeout=7200).remote()
