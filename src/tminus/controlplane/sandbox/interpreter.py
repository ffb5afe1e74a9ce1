"""The interpreter that runs containers: the one that runs the control plane, with its packages."""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from pathlib import Path


@cache
def interpreter_paths() -> tuple[Path, ...]:
    """Folders that the interpreter needs: its environment, its base, and those that links lead through."""
    found = [Path(sys.prefix), Path(sys.base_prefix)]
    executable = Path(sys.executable)
    while True:
        found.append(executable.parent.parent)
        if not executable.is_symlink():
            break
        executable = executable.parent / executable.readlink()
    found.append(executable.resolve().parent.parent)
    packages = client_packages()
    if packages is not None:
        found.append(packages)
    unique: list[Path] = []
    for path in sorted(set(found)):
        if not any(path.is_relative_to(parent) and path.resolve() == path for parent in unique):
            unique.append(path)
    return tuple(unique)


@cache
def client_packages() -> Path | None:
    """Folder that holds the client where it is installed outside the interpreter's environment."""
    # Importing the client takes most of a second, and only its place is asked for.
    spec = importlib.util.find_spec("modal")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("the control plane needs the client: pip install modal")
    folder = Path(spec.origin).resolve().parent.parent
    inside = any(folder.is_relative_to(Path(prefix).resolve()) for prefix in (sys.prefix, sys.base_prefix))
    return None if inside else folder
