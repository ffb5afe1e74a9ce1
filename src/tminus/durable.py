"""Writing to disk so that a crash at any moment leaves the old state or the new one, never half of it."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def fsync_path(path: Path) -> None:
    """Flush a file or a directory to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_bytes(path: Path, data: bytes, flush: bool = True) -> None:
    """Replace a file: write beside it, flush, rename, flush the directory.

    An existing file keeps its mode, and a link stays a link.

    Args:
        path: The file.
        data: What it is to hold.
        flush: Without it, a crash of the machine can lose the file or part of it: only for what can be made
            anew, and whose reader notices.
    """
    path = path.resolve()
    temporary = path.with_name(f".tmp-{path.name}")
    temporary.write_bytes(data)
    if path.exists():
        temporary.chmod(stat.S_IMODE(path.stat().st_mode))
    if flush:
        fsync_path(temporary)
    temporary.replace(path)
    if flush:
        fsync_path(path.parent)


def write_text(path: Path, text: str, flush: bool = True) -> None:
    """Replace a file with a text in UTF-8, line ends as they are, as `write_bytes`."""
    write_bytes(path, text.encode("utf-8"), flush)


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Replace a file with a JSON object, as `write_text`."""
    write_text(path, json.dumps(values, indent=2) + "\n")
