"""Waits, with something in its volume, its environment and its folder that a command can look at."""

import time
from pathlib import Path

import modal

app = modal.App("busy")
data = modal.Volume.from_name("busy-data", create_if_missing=True)
secret = modal.Secret.from_dict({"WORD": "from-a-secret"})


@app.function(volumes={"/data": data}, secrets=[secret], timeout=120)
def work() -> None:
    Path("/data/uncommitted.txt").write_text("seen by the command")
    print("at work", flush=True)
    time.sleep(100)


@app.local_entrypoint()
def main():
    work.remote()
