"""Functions with limits: memory, CPU, start-up time, retries, containers that are kept or let go."""

import os
import time

import modal

app = modal.App("scaling")


@app.function(memory=(64, 256))
def hungry(mib: int) -> int:
    return len(bytearray(os.urandom(1)) * (mib << 20))


@app.function(cpu=(0.1, 0.25))
def busy() -> float:
    started, total = time.perf_counter(), 0
    used = time.process_time()
    while time.process_time() - used < 0.4:
        total += 1
    return (time.process_time() - used) / (time.perf_counter() - started)


@app.cls(startup_timeout=1)
class Slow:
    @modal.enter()
    def load(self) -> None:
        time.sleep(30)

    @modal.method()
    def never(self) -> None: ...


@app.function(retries=modal.Retries(max_retries=2, initial_delay=1.0, backoff_coefficient=2.0))
def backs_off() -> None:
    raise RuntimeError("again")


@app.function(min_containers=2, max_containers=3, scaledown_window=2)
def warm() -> str:
    return os.environ["MODAL_TASK_ID"]


@app.function(scaledown_window=2)
def brief() -> str:
    return os.environ["MODAL_TASK_ID"]


def attempt(function, *arguments) -> str:
    try:
        return str(function.remote(*arguments))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


@app.local_entrypoint()
def memory():
    print("little:", attempt(hungry, 16))
    print("much:", attempt(hungry, 1024))


@app.local_entrypoint()
def cpu():
    print("share:", round(busy.remote(), 2))


@app.local_entrypoint()
def main():
    retried = backs_off.spawn()
    print("slow:", attempt(Slow().never))
    first = brief.remote()
    time.sleep(3)
    print("brief:", first != brief.remote())
    print("warm:", warm.remote() != "")
    try:
        retried.get()
    except RuntimeError as error:
        print("retried:", error)
