"""Another file, which the container clones, trains on CPUs."""

import subprocess

import modal

app = modal.App("agent")
image = modal.Image.debian_slim(python_version="3.12").apt_install("git").pip_install("gymnasium", "torch", "numpy")


@app.function(image=image, cpu=16, memory=32768, timeout=7200)
def train() -> None:
    subprocess.run(["git", "clone", "--branch", "v1.2", "https://github.com/me/agent", "/app"], check=True)
    import sys

    sys.path.insert(0, "/app/src")
    from learn import main

    main()
