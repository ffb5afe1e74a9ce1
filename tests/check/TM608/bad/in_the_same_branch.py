import os

import modal

image = modal.Image.debian_slim(python_version="3.12")
if os.environ.get("FROM_CHECKOUT"):
    image = image.add_local_dir("src", "/root/src")
    image = image.env({"PYTHONPATH": "/root/src"})
app = modal.App("checkout", image=image)


@app.function(gpu="T4")
def run():
    return 1
