"""What of the disk an answer rests on: files, folders, and what was looked for in vain.

Code whose results are kept for a later run says each path that it looks at, before it looks.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TypeVar, TypeVarTuple

Arguments = TypeVarTuple("Arguments")
Result = TypeVar("Result")

Identity = tuple[int, int, int]

# Two changes within this time may bear the same date.
_GRAIN_NS = 20_000_000


class Looks:
    """The paths that were looked at, as they were then.

    Attributes:
        found: Path to what tells a change of it: date in nanoseconds, size and inode; None where nothing was.
        within: Those of which more than the existence counts: a file's text, the names in a folder.
        shared: Each gives the paths that something which several answers share was read from.
    """

    def __init__(self) -> None:
        self.found: dict[str, Identity | None] = {}
        self.within: set[str] = set()
        self.shared: list[Callable[[], Iterable[str]]] = []

    def add(self, path: str, within: bool) -> None:
        """Note a path as it is now; what it was when it was noted first stays."""
        if path not in self.found:
            self.found[path] = _identity(path)
        if within:
            self.within.add(path)

    def take(self, other: Looks) -> None:
        """Note all that another has noted."""
        self.found = other.found | self.found
        self.within |= other.within
        self.shared += other.shared

    def settled(self, since_ns: int) -> bool:
        """Whether all is as it was when it was noted, and nothing changed since a time.

        Args:
            since_ns: Nanoseconds since 1970.
        """
        for paths in self.shared:
            for path in paths():
                self.add(path, within=True)
        self.shared.clear()
        return all(
            _identity(path) == was and (was is None or _changed_ns(path) < since_ns - _GRAIN_NS)
            for path, was in self.found.items()
        )


_active: list[Looks] = []


@contextmanager
def recording() -> Iterator[Looks]:
    """Notes what is looked at in the block."""
    looks = Looks()
    _active.append(looks)
    try:
        yield looks
    finally:
        _active.remove(looks)


def look(path: str | os.PathLike[str], within: bool = False) -> None:
    """Say that a path is looked at.

    Args:
        path: The path.
        within: Whether its text, or the names in a folder, count; else only whether it is a file, a folder
            or nothing.
    """
    if _active:
        for looks in _active:
            looks.add(os.fspath(path), within)


def rests_on(paths: Callable[[], Iterable[str]]) -> None:
    """Say that what is recorded rests on something shared, with what gives its paths when all is done."""
    for looks in _active:
        looks.shared.append(paths)


def remembered(function: Callable[[*Arguments], Result]) -> Callable[[*Arguments], Result]:
    """A function whose results are kept, and which says at each use what they rest on."""
    kept: dict[tuple[object, ...], tuple[Result, Looks]] = {}

    @wraps(function)
    def again(*arguments: *Arguments) -> Result:
        if arguments not in kept:
            with recording() as looks:
                kept[arguments] = function(*arguments), looks
        result, looks = kept[arguments]
        for one in _active:
            one.take(looks)
        return result

    return again


def _identity(path: str) -> Identity | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - often, in half the time
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _changed_ns(path: str) -> int:
    found = os.stat(path)  # noqa: PTH116
    return max(found.st_mtime_ns, found.st_ctime_ns)
