"""Functions whose images are to be built, or cannot be."""

import importlib.util
import json
import platform
from pathlib import Path

import modal

HERE = Path(__file__).parent
app = modal.App("built")
built = (
    modal.Image.debian_slim()
    .apt_install("git")
    .uv_pip_install("iniconfig==2.0.0")
    .pip_install_from_requirements(str(HERE / "requirements.txt"))
)
based = modal.Image.from_registry("pytorch/pytorch:2.11.0-cuda12.8-cudnn9-runtime").pip_install(
    "iniconfig==2.0.0"
)


def seen() -> str:
    version = None
    if importlib.util.find_spec("iniconfig"):
        from importlib.metadata import version as version_of

        version = version_of("iniconfig")
    return json.dumps(
        {
            "iniconfig": version,
            "torch": importlib.util.find_spec("torch") is not None,
            "requirements": Path("/.requirements.txt").exists(),
            "python": platform.python_version(),
            "client": modal.__version__,
        }
    )


@app.function(image=built)
def in_built() -> str:
    return seen()


@app.function(image=based)
def in_based() -> str:
    return seen()


@app.local_entrypoint()
def main():
    print("result:", in_built.remote())
    print("result:", in_based.remote())
