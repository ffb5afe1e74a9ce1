"""The clone is set to a commit that a file of the project names."""

import json
from pathlib import Path

import modal

REVISION = json.loads(Path("/opt/project/sources.json").read_text())["trainer"]["revision"]

app = modal.App("stages")
image = (
    modal.Image.from_registry("nvidia/cuda:12.9.1-devel-ubuntu22.04", add_python="3.11")
    .apt_install("git")
    .run_commands(
        "git clone https://github.com/me/trainer /opt/trainer",
        f"git -C /opt/trainer checkout {REVISION}",
    )
)


@app.function(image=image, timeout=600)
def show() -> None:
    print(REVISION)
