import modal

image = modal.Image.from_registry("nvidia/cuda:12.8.1-devel-ubuntu24.04", add_python="3.12")
image = image.add_local_dir("project_rows", remote_path="/elsewhere")
app = modal.App("train")


def rows():
    from project_rows.rows import load

    return load()


@app.function(image=image)
def train():
    return rows()
