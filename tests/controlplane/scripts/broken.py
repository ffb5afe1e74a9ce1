"""Fails to load in the container, and only there."""

import modal

app = modal.App("broken")

if not modal.is_local():
    raise RuntimeError("only_here")


@app.function()
def work() -> None: ...


@app.local_entrypoint()
def main():
    work.remote()
