"""A function whose image names a release that does not exist."""

import modal

app = modal.App("not-to-be-built")


@app.function(image=modal.Image.debian_slim().uv_pip_install("iniconfig==99.0"))
def never() -> None: ...


@app.local_entrypoint()
def main():
    never.remote()
