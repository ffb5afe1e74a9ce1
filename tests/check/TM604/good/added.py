import modal

app = modal.App("train")
slim = modal.Image.debian_slim(python_version="3.12")


def rows():
    from project_rows.rows import load

    return load()


@app.function(image=slim.add_local_python_source("project_rows"))
def by_name():
    return rows()


@app.function(image=slim.add_local_dir("project_rows", "/root/project_rows"))
def by_folder():
    return rows()


@app.function(image=slim.add_local_dir(".", remote_path="/root"))
def everything():
    return rows()


@app.function(image=modal.Image.from_registry("me/my-project:latest"))
def in_the_base():
    return rows()
