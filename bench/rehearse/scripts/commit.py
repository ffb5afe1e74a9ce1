"""A commit of one large file, and how long the container had to wait for it."""

import json
import os
import time
from pathlib import Path

import modal

app = modal.App("commit")
data = modal.Volume.from_name("data")


@app.function(volumes={"/data": data}, timeout=600)
def write(size: int, name: str) -> float:
    """Write a file, and commit it; the seconds of the commit."""
    block = os.urandom(1 << 20)
    with Path("/data", name).open("wb") as file:
        for _ in range(size >> 20):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    began = time.monotonic()
    data.commit()
    return time.monotonic() - began


@app.local_entrypoint()
def main(size: int, times: int):
    """Measure so many commits."""
    seconds = [write.remote(size, f"file-{number}") for number in range(times)]
    print("figures " + json.dumps({"size": size, "seconds": seconds}), flush=True)
