import modal

image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.13.0", "transformers==5.23.0", "trl==1.16.0")
app = modal.App("fine-tune", image=image)
volume = modal.Volume.from_name("checkpoints", create_if_missing=True)


@app.function(timeout=3600)
def prepare():
    from datasets import load_dataset

    load_dataset("trl-lib/Capybara", split="train").save_to_disk("/tmp/rows")


@app.function(gpu="H100", timeout=3600, volumes={"/data": volume})
def train():
    from datasets import load_from_disk

    print(len(load_from_disk("/tmp/rows")))
