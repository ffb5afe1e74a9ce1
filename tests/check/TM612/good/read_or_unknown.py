import modal

CONF = {"PYTORCH_ALLOC_CONF": "expandable_segments:True"}
newer = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.11.0").env(CONF)
app = modal.App("train")


@app.function(gpu="H100", image=newer)
def train():
    print("training")
