"""Functions that fail: by an exception, at first only, by taking too long, by ending the interpreter."""

import os
import time
from pathlib import Path

import modal

app = modal.App("failing")
counts = modal.Volume.from_name("counts", create_if_missing=True)


@app.function()
def fail() -> None:
    raise ValueError("the batch is empty")


@app.function(
    volumes={"/counts": counts},
    retries=modal.Retries(max_retries=2, initial_delay=0.0, backoff_coefficient=1.0),
)
def fail_twice() -> int:
    number = len(list(Path("/counts").iterdir())) + 1
    Path(f"/counts/{number}").touch()
    counts.commit()
    if number < 3:
        raise RuntimeError(f"attempt {number}")
    return number


@app.function(retries=modal.Retries(max_retries=1, initial_delay=0.0))
def fail_always() -> None:
    print("another attempt")
    raise RuntimeError("never works")


@app.function(timeout=2, startup_timeout=60)
def sleep() -> None:
    time.sleep(60)


@app.function()
def leave() -> None:
    os._exit(3)


@app.local_entrypoint()
def main(what: str = "fail"):
    print("result:", app.registered_functions[what].remote())
