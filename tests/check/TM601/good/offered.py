import os

import modal

plain = modal.Image.debian_slim()
micro = modal.Image.debian_slim(python_version="3.11.9")
newest = modal.Image.debian_slim("3.14")
free = modal.Image.from_registry("ubuntu:24.04", add_python="3.14t")
own = modal.Image.from_registry("pytorch/pytorch:2.9.1-cuda12.8-cudnn9-devel")
chosen = modal.Image.debian_slim(python_version=os.environ["PYTHON_VERSION"])
