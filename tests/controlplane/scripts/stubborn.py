"""Ignores SIGINT; leaves a mark at its first attempt so that the second one ends."""

import signal
import time
from pathlib import Path

import modal

app = modal.App("stubborn")
marks = modal.Volume.from_name("marks", create_if_missing=True)


@app.function(volumes={"/marks": marks}, timeout=60)
def work() -> str:
    if Path("/marks/first").exists():
        return "second"
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Path("/marks/first").touch()
    marks.commit()
    print("deaf", flush=True)
    time.sleep(30)
    return "first"


@app.local_entrypoint()
def main():
    print("result:", work.remote())
