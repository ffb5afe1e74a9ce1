"""Paths as people write them."""

from __future__ import annotations

from pathlib import Path


def shown(path: Path) -> str:
    """The path relative to the current folder where it lies below it, else as it is."""
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()
