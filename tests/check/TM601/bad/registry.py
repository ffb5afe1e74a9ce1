import modal

PYTHON = "3.9"
image = modal.Image.from_registry("nvidia/cuda:12.4.0-devel-ubuntu22.04", add_python=PYTHON).entrypoint([])
other = modal.Image.from_registry("nvidia/cuda:12.4.0-devel-ubuntu22.04", add_python="3.12.4")
