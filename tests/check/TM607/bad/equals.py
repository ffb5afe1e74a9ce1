import modal

image = modal.Image.debian_slim(python_version="3.12").env({"PYTORCH_ALLOC_CONF": "expandable_segments=True"})
