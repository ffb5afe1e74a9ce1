"""Cancels a call that is running."""

import time

import modal

app = modal.App("cancel")


@app.function(timeout=60)
def work(began: modal.Queue) -> None:
    try:
        began.put(True)
        time.sleep(50)
    finally:
        print("cleaned up", flush=True)


@app.local_entrypoint()
def main():
    with modal.Queue.ephemeral() as began:
        call = work.spawn(began)
        began.get(timeout=60)
        call.cancel()
        try:
            call.get(timeout=30)
        except Exception as error:
            print("result:", type(error).__name__)
