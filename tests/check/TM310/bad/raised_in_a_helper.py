"""A helper raises SystemExit with the code of the command."""

import subprocess

import modal

app = modal.App("graphs")
image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.9.1").add_local_dir(".", "/code")
volume = modal.Volume.from_name("graphs", create_if_missing=True)


def run(command: list[str]) -> None:
    done = subprocess.run(command, cwd="/code")
    if done.returncode != 0:
        raise SystemExit(done.returncode)


@app.function(gpu="A10G", image=image, volumes={"/data": volume}, timeout=3600)
def train() -> None:
    run(["python", "train.py", "--out", "/data/checkpoints"])


@app.local_entrypoint()
def main(folder: str = "") -> None:
    if not folder:
        raise SystemExit("which folder?")
    train.remote()
