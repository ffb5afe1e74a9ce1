import modal

image = (
    modal.Image.debian_slim(python_version="3.12")
    .add_local_file("config.yaml", "/root/config.yaml")
    .pip_install("torch==2.13.0")
)
app = modal.App("train", image=image)
