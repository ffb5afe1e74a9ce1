"""Which files are checked: those that are named, and those of folders that can hold a Modal app."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from tminus.check.config import matches
from tminus.lazy import pattern

_SKIPPED_FOLDERS = frozenset(
    {
        ".git", ".hg", ".venv", "venv", ".tox", ".nox", "node_modules", "__pycache__", "site-packages",
        ".mypy_cache", ".ruff_cache", ".pytest_cache", ".tminus", ".tminus_cache",
    }
)  # fmt: skip

# The client is imported, and an app or something that apps are made of is named. Or the app itself comes from
# a sibling (`from common import app`): then its functions' decorator stands in the file.
_IMPORT = pattern(rb"\b(?:import|from)\b[^\r\n]*\bmodal\b")
# What an app or a part of one is made with: a literal, which is looked for first in a tenth of the time, and
# what has to follow it.
_USES = {
    b".function": pattern(rb"\.function\b"),
    b".cls": pattern(rb"\.cls\b"),
    b"App": pattern(rb"App(?<!\wApp)\s*\("),
    b"Stub": pattern(rb"Stub(?<!\wStub)\s*\("),
    b"Image": pattern(rb"Image(?<!\wImage)\s*\."),
    b"Volume": pattern(rb"Volume(?<!\wVolume)\s*\."),
    b"Secret": pattern(rb"Secret(?<!\wSecret)\s*\."),
    b".local_entrypoint": pattern(rb"\.local_entrypoint\b"),
    b".clustered": pattern(rb"\.clustered\b"),
    b".add_local_": pattern(rb"\.add_local_\w+\b"),
    b".run_commands": pattern(rb"\.run_commands\b"),
    b"pip_install": pattern(rb"\.(?:uv_)?pip_install\b"),
}
_DECORATED = pattern(rb"^[ \t]*@\s*\w+\.(?:function|cls)\s*\(", re.MULTILINE)
# Comments and strings, which hold no app: documentation shows many.
_TEXT = pattern(
    rb'''#[^\r\n]*|"""[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*"""|"[^"\\\r\n]*(?:\\.[^"\\\r\n]*)*"'''
    rb"""|'{3}[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*'{3}|'[^'\\\r\n]*(?:\\.[^'\\\r\n]*)*'""",
    re.DOTALL,
)


def may_hold_app(data: bytes) -> bool:
    """Whether a file's bytes can hold a Modal app, or parts of one."""
    return _names_an_app(data) and _names_an_app(_TEXT.sub(b"''", data))


def _names_an_app(data: bytes) -> bool:
    if b"modal" in data and _IMPORT.search(data) and any(_uses_of(data)):
        return True
    return (b".function" in data or b".cls" in data) and _DECORATED.search(data) is not None


def _uses_of(data: bytes) -> Iterator[bool]:
    return (word in data and use.search(data) is not None for word, use in _USES.items())


def files_of(paths: Sequence[Path], exclude: Sequence[str] = (), root: Path | None = None) -> Iterator[Path]:
    """The files to check, each once: a named file always, of a folder those that can hold an app.

    Args:
        paths: Files and folders.
        exclude: Patterns of paths to leave out of folders.
        root: The folder that the patterns are relative to, by default the current one.

    Raises:
        FileNotFoundError: There is no such path; the error names it.
    """
    seen: set[Path] = set()
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(f"{path}: no such file or folder")
        for file in _in_folder(path, exclude, root or Path.cwd()) if path.is_dir() else (path,):
            if file not in seen:
                seen.add(file)
                yield file


def _in_folder(folder: Path, exclude: Sequence[str], root: Path) -> Iterator[Path]:
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED_FOLDERS)
        for name in sorted(names):
            if not name.endswith(".py"):
                continue
            path = os.path.join(where, name)  # noqa: PTH118 - a Path for each of thousands of files costs time
            if _can_hold(path):
                file = Path(path)
                if not any(matches(file, one, root) for one in exclude):
                    yield file


def _can_hold(path: str) -> bool:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - as above
            return may_hold_app(file.read())
    except OSError:
        # It is kept, so that the reason is reported where it is read.
        return True
