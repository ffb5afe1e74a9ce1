import modal
from project_rows.rows import load

app = modal.App("train", image=modal.Image.debian_slim(python_version="3.12").pip_install("rich==15.0.0"))


@app.function()
def train():
    return load()
