import modal

image = modal.Image.debian_slim(python_version="3.12").uv_pip_install(
    "torch==2.9.1", "transformers==4.57.1", "trl==0.25.1"
)
app = modal.App("a", image=image)


def fit():
    from trl import SFTConfig, SFTTrainer

    SFTTrainer(model="gpt2", args=SFTConfig(output_dir="/runs")).train()


@app.function(gpu="A100")
def train():
    fit()
