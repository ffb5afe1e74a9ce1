"""Writes to a volume at a path that an environment variable gives."""

import os
from pathlib import Path

import modal

PATH = os.environ.get("VOLUME_PATH", "/unused")
app = modal.App("plainvolume")
data = modal.Volume.from_name("plain-data", create_if_missing=True)


@app.function(volumes={PATH: data})
def write(path: str) -> None:
    Path(path, "file.txt").write_text("kept")


@app.function(volumes={PATH: data})
def append(path: str, text: str) -> str:
    with Path(path, "file.txt").open("a") as file:
        file.write(text)
    return Path(path, "file.txt").read_text()


@app.local_entrypoint()
def main():
    write.remote(PATH)
    print("result:", append.remote(PATH, "+"), write.remote(PATH))
