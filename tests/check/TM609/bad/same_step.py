import modal

image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.9.1", "flash-attn==2.8.3")
app = modal.App("train", image=image)
