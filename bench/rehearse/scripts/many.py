"""Containers at once, calls to a warm one, and a map: each prints a line of JSON."""

import json
import time

import modal

app = modal.App("many")


@app.function(timeout=600)
def stay(names: tuple[str, str]):
    """Say that this container is up, and stay until all are."""
    up, go = (modal.Queue.from_name(name, create_if_missing=True) for name in names)
    up.put(1)
    go.get(timeout=300)


@app.function(timeout=600, max_containers=1)
def one(number: int) -> int:
    """Next number, from one container."""
    return number + 1


@app.function(timeout=600, max_containers=2)
@modal.concurrent(max_inputs=20)
def few(number: int) -> int:
    """Next number, from two containers that take 20 inputs at a time."""
    return number + 1


def report(**figures: float) -> None:
    """Print figures for what runs this."""
    print("figures " + json.dumps(figures), flush=True)


@app.local_entrypoint()
def main(containers: str = "", calls: int = 0, inputs: int = 0):
    """Measure what is asked for."""
    for count in [int(part) for part in containers.split(",") if part]:
        names = (f"up-{count}", f"go-{count}")
        up, go = (modal.Queue.from_name(name, create_if_missing=True) for name in names)
        began = time.monotonic()
        calls_of_all = [stay.spawn(names) for _ in range(count)]
        for _ in range(count):
            up.get(timeout=300)
        report(containers=count, seconds=time.monotonic() - began)
        go.put_many([1] * count)
        for call in calls_of_all:
            call.get(timeout=300)
    if calls:
        assert one.remote(0) == 1
        began = time.monotonic()
        for number in range(calls):
            assert one.remote(number) == number + 1
        report(calls=calls, seconds=time.monotonic() - began)
    if inputs:
        assert one.remote(0) == 1
        began = time.monotonic()
        assert list(few.map(range(inputs))) == list(range(1, inputs + 1))
        report(inputs=inputs, seconds=time.monotonic() - began)
