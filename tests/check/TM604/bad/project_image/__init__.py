"""The image and the volume that every script of the project uses."""

import modal

image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.9.1")
volume = modal.Volume.from_name("runs", create_if_missing=True)
