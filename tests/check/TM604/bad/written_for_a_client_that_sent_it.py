from modal import App, Image, gpu
from project_rows.rows import rows


def download():
    return None


app = App("older")
image = Image.debian_slim(python_version="3.12").pip_install("numpy==2.2.6").run_function(download)


@app.function(image=image, gpu=gpu.T4(), timeout=3600)
def train():
    return rows
