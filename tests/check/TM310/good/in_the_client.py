import sys

import modal

image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.13.0", "transformers==5.23.0", "trl==1.16.0")
app = modal.App("fine-tune", image=image)
volume = modal.Volume.from_name("checkpoints", create_if_missing=True)


@app.function(gpu="H100", timeout=3600)
def evaluate():
    raise ValueError("no such data set")


@app.local_entrypoint()
def main():
    if not evaluate.remote():
        sys.exit(1)


if __name__ == "__main__":
    sys.exit(0)
