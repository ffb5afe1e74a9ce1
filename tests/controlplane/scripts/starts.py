"""How long a call takes whose container has to start first: with an empty volume, and with a large one."""

import json
import time
from pathlib import Path

import modal

app = modal.App("starts")
settings = {"timeout": 120, "single_use_containers": True}
empty = modal.Volume.from_name("empty")
large = modal.Volume.from_name("large")


@app.function(volumes={"/data": empty}, name="with_empty", **settings)
def with_empty():
    return len(list(Path("/data").iterdir()))


@app.function(volumes={"/data": large}, name="with_large", **settings)
def with_large():
    return len(list(Path("/data").iterdir()))


@app.local_entrypoint()
def main(times: int = 3):
    seconds = {"empty": [], "large": []}
    for _ in range(times):
        for name, function in (("empty", with_empty), ("large", with_large)):
            began = time.monotonic()
            files = function.remote()
            seconds[name].append(time.monotonic() - began)
            assert (files > 0) == (name == "large")
    print("seconds " + json.dumps(seconds))
