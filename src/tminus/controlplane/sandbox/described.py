"""What an interpreter says of itself; others run this file too, so it needs the standard library only."""

import importlib.metadata
import importlib.util
import json
import platform
import sys
from pathlib import Path


def describe() -> "dict[str, str | list[str] | None]":
    """Places and versions of the interpreter that runs this.

    ``folders`` are those that it needs: its environment, its base, and those that links lead through.
    ``packages`` is the folder that holds the client where that is installed outside them, else None;
    ``client`` is the client's version, empty where there is none.
    """
    folders = [Path(sys.prefix), Path(sys.base_prefix)]
    executable = Path(sys.executable)
    while True:
        folders.append(executable.parent.parent)
        if not executable.is_symlink():
            break
        executable = executable.parent / executable.readlink()
    folders.append(executable.resolve().parent.parent)
    # Importing the client takes most of a second, and only its place is asked for.
    spec = importlib.util.find_spec("modal")
    packages = None
    if spec is not None and spec.origin is not None:
        holding = Path(spec.origin).resolve().parent.parent
        roots = [Path(prefix).resolve() for prefix in (sys.prefix, sys.base_prefix)]
        if not any(root == holding or root in holding.parents for root in roots):
            packages = str(holding)
            folders.append(holding)
    return {
        "executable": sys.executable,
        "python": platform.python_version(),
        "client": importlib.metadata.version("modal") if spec is not None else "",
        "folders": [str(folder) for folder in folders],
        "packages": packages,
    }


if __name__ == "__main__":
    print(json.dumps(describe()))
