"""Directory trees: what is in one, how two differ, copying a file so that it is whole or absent."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Entry:
    """What tells one version of a path from another.

    A file is taken as unchanged while size and modification time are: contents are not read.

    Attributes:
        kind: ``f`` file, ``d`` directory, ``l`` symbolic link.
        size: Bytes of a file, 0 otherwise.
        mtime_ns: Modification time of a file, 0 otherwise (a directory's changes with its children).
        mode: Permission bits, 0 for links.
        target: Where a link points.
    """

    kind: str
    size: int = 0
    mtime_ns: int = 0
    mode: int = 0
    target: str = ""


def scan(root: Path) -> dict[str, Entry]:
    """Every path below `root`, relative, with what tells its version.

    A path that disappears while the tree is read is left out. Sockets, pipes and devices are left out too:
    a volume holds files, directories and links.
    """
    found: dict[str, Entry] = {}
    for path, child in _children(root):
        try:
            entry = _entry(child.path, child.stat(follow_symlinks=False))
        except FileNotFoundError:
            continue
        if entry is not None:
            found[path] = entry
    return found


def entry_of(path: Path) -> Entry | None:
    """What tells the version of one path; None for what a volume does not hold.

    Raises:
        FileNotFoundError: There is no such path.
    """
    return _entry(str(path), path.lstat())


def fingerprint(root: Path) -> dict[str, tuple[int, int, int]]:
    """Of every path below `root`, whatever it is: inode, time of the last change of any kind, size.

    Equal ones mean that nothing happened below `root` in between.
    """
    found = {}
    for path, child in _children(root):
        try:
            status = child.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue
        found[path] = (status.st_ino, status.st_ctime_ns, status.st_size)
    return found


def _children(root: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Everything below a folder, with its relative path; what disappears meanwhile is left out."""
    stack = [""]
    while stack:
        folder = stack.pop()
        try:
            children = list(os.scandir(root / folder))
        except FileNotFoundError:
            continue
        for child in children:
            path = f"{folder}/{child.name}" if folder else child.name
            if child.is_dir(follow_symlinks=False):
                stack.append(path)
            yield path, child


def _entry(path: str, status: os.stat_result) -> Entry | None:
    mode = status.st_mode
    if stat.S_ISREG(mode):
        return Entry("f", status.st_size, status.st_mtime_ns, stat.S_IMODE(mode))
    if stat.S_ISDIR(mode):
        return Entry("d", mode=stat.S_IMODE(mode))
    if stat.S_ISLNK(mode):
        return Entry("l", target=str(Path(path).readlink()))
    return None


def copy_file(source: Path, target: Path, *, durable: bool) -> int:
    """Copy a file with its mode and times: written beside the target, then renamed.

    Returns:
        Bytes copied.
    """
    part = target.with_name(f".{target.name}.part")
    shutil.copyfile(source, part)
    shutil.copystat(source, part)
    if durable:
        with part.open("rb") as file:
            os.fsync(file.fileno())
    size = part.stat().st_size
    part.replace(target)
    return size


def link_tree(source: Path, target: Path, leave_out: frozenset[str]) -> None:
    """Repeat a tree with hard links to its files, leaving out some relative paths.

    Only for trees whose files are never written in place again.
    """
    target.mkdir(parents=True, exist_ok=True)
    stack = [""]
    while stack:
        folder = stack.pop()
        for child in os.scandir(source / folder):
            path = f"{folder}/{child.name}" if folder else child.name
            if path in leave_out:
                continue
            copy = target / path
            if child.is_dir(follow_symlinks=False):
                copy.mkdir()
                copy.chmod(stat.S_IMODE(child.stat(follow_symlinks=False).st_mode))
                stack.append(path)
            elif child.is_symlink():
                copy.symlink_to(Path(child.path).readlink())
            else:
                os.link(child.path, copy, follow_symlinks=False)


def remove(path: Path) -> None:
    """Remove a file, link or whole directory; nothing happens where there is none."""
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    except FileNotFoundError:
        return
