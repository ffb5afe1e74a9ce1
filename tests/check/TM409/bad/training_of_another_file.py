import modal
from project_lone.learning import main

image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.9.1")
app = modal.App("example", image=image.add_local_python_source("project_lone"))


@app.function(gpu="A10G", timeout=4 * 3600)
def train():
    main()
