import os

import modal

image = modal.Image.debian_slim(python_version="3.12")
if os.environ.get("FROM_CHECKOUT"):
    image = image.add_local_dir("src", "/root/src")
else:
    image = image.pip_install("trainer==1.0")

other = modal.Image.debian_slim(python_version="3.12")
try:
    other = other.add_local_python_source("trainer")
except modal.exception.InvalidError:
    other = other.pip_install("trainer==1.0")

app = modal.App("either", image=image)


@app.function(gpu="T4", image=other)
def run():
    return 1
