"""Cancels a call that is running."""

import time

import modal

app = modal.App("cancel")


@app.function(timeout=60)
def work() -> None:
    try:
        time.sleep(50)
    finally:
        print("cleaned up", flush=True)


@app.local_entrypoint()
def main():
    call = work.spawn()
    time.sleep(2)
    call.cancel()
    try:
        call.get(timeout=10)
    except Exception as error:
        print("result:", type(error).__name__)
