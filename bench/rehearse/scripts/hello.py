"""The least that a script can do."""

import modal

app = modal.App("hello")


@app.function()
def hello():
    """Say so."""
    print("hello from the container", flush=True)


@app.local_entrypoint()
def main():
    """Let it be said."""
    hello.remote()
