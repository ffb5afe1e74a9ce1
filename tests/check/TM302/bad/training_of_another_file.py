import modal

image = modal.Image.debian_slim(python_version="3.12").uv_pip_install("torch==2.9.1", "transformers==4.57.1")
app = modal.App("gpt", image=image)
runs = modal.Volume.from_name("runs", create_if_missing=True)


@app.function(gpu="A100", volumes={"/runs": runs})
def train_remote(steps: int = 10_000):
    from loop import train

    train(steps=steps, folder="/runs/first")
    runs.commit()
