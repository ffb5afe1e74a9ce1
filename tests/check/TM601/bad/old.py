import modal

image = modal.Image.debian_slim(python_version="3.8").pip_install("torch==2.4.1")
app = modal.App("train", image=image)
