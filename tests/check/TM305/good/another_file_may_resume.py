import modal

image = modal.Image.debian_slim(python_version="3.12").uv_pip_install("torch==2.9.1", "transformers==4.57.1")
app = modal.App("gpt", image=image)
runs = modal.Volume.from_name("runs", create_if_missing=True)


@app.function(gpu="H100:2", volumes={"/runs": runs}, timeout=4 * 3600, retries=2)
def train_model():
    from mine.finetune import main as train

    train()
    runs.commit()
