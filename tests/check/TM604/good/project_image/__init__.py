"""The image and the volume that every script of the project uses; the package adds itself."""

import modal

image = (
    modal.Image.debian_slim(python_version="3.12")
    .pip_install("torch==2.9.1")
    .add_local_python_source("project_image")
)
volume = modal.Volume.from_name("runs", create_if_missing=True)
