import modal

image = modal.Image.debian_slim(python_version="3.12")
image = image.add_local_dir("src", remote_path="/root/src", copy=False)
image = image.add_local_python_source("helpers")
image = image.env({"PYTHONPATH": "/root/src"})
