import subprocess

import modal

app = modal.App("example", image=modal.Image.debian_slim(python_version="3.12").apt_install("git"))


@app.function(timeout=7200)
def train():
    import sys

    subprocess.run(["git", "clone", "https://github.com/example/project", "/app"], check=True)
    sys.path.insert(0, "/app")
    from project_rows import rows

    rows.build()
