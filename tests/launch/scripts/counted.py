"""Counts slowly, prints what a trainer prints, and keeps where it is, also when it is interrupted."""

import pathlib
import time

import modal

app = modal.App("counted")
volume = modal.Volume.from_name("counted-data", create_if_missing=True)


@app.function(gpu="T4", volumes={"/data": volume}, timeout=900, retries=2)
def count(steps: int) -> int:
    state = pathlib.Path("/data/step")
    step = int(state.read_text()) if state.exists() else 0
    print(f"starting after step {step}", flush=True)
    try:
        while step < steps:
            time.sleep(0.05)
            step += 1
            print({"loss": round(5 / step, 4), "step": step, "epoch": step / steps}, flush=True)
    finally:
        state.write_text(str(step))
        volume.commit()
    return step


@app.local_entrypoint()
def main(steps: int = 20):
    print(f"done: {count.remote(steps)}")
