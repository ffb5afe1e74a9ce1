"""Whether a container's processes hold files of a volume open."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def has_open_files(pids: Iterable[int], prefixes: Iterable[str]) -> bool:
    """Whether one of the processes has an open file, or its working directory, below one of the paths.

    The paths are as the processes see them: the kernel reports names inside their mount namespace.
    """
    roots = tuple(prefixes)
    return any(_below(name, roots) for pid in pids for name in _names(Path("/proc") / str(pid)))


def _names(process: Path) -> Iterable[str]:
    try:
        links = [process / "cwd", *(process / "fd").iterdir()]
    except OSError:
        return  # the process ended
    for link in links:
        try:
            yield str(link.readlink())
        except OSError:
            continue


def _below(name: str, roots: tuple[str, ...]) -> bool:
    return any(name == root or name.startswith(root.rstrip("/") + "/") for root in roots)
