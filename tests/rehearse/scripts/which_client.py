"""Says which release of the client runs it, here and in its container."""

import modal

app = modal.App("which-client")


@app.function()
def release() -> str:
    return modal.__version__


@app.local_entrypoint()
def main():
    print(f"here {modal.__version__}, there {release.remote()}")
