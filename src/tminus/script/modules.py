"""Modules of the same project that a script imports: parsed when a value of theirs is needed, never run."""

from __future__ import annotations

import ast
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from tminus.looked import rests_on
from tminus.script.glance import defines, imported_as
from tminus.script.scopes import Scope
from tminus.script.source import Source

if TYPE_CHECKING:
    from tminus.script.evaluate import Evaluator

_MAX_MODULES = 100
_MAX_BYTES = 1_000_000

# A name may be imported from a module that imports it itself, and so on.
_MAX_LINKS = 6

# Folders whose modules are kept for the next script in them.
_MAX_FOLDERS = 32

# A file system may give two changes within this time the same date.
_SETTLED_NS = 100_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Module:
    """A parsed module beside the script.

    Attributes:
        path: Its file.
        tree: Its syntax tree.
        scope: What it assigns.
        evaluator: Reads its expressions.
    """

    path: Path
    tree: ast.Module
    scope: Scope
    evaluator: Evaluator


class Budget:
    """How deep and how long one question may go; shared by all modules that it leads through."""

    def __init__(self) -> None:
        self.depth = 0
        self.steps = 0


class Modules:
    """Finds and parses modules in a folder and its package; shared by all scripts of the folder.

    Args:
        folder: The folder.
        load: Makes a module of a parsed file.
    """

    def __init__(self, folder: Path, load: Callable[[Source, ast.Module, Modules], Module]) -> None:
        self.budget = Budget()
        self._load = load
        self._loaded: dict[Path, Module | None] = {}
        self._entries: dict[Path, frozenset[str]] = {}
        self._texts: dict[Path, bytes] = {}
        self._states: dict[Path, _State] = {}
        self._roots = self._roots_of(folder)
        self._found: dict[tuple[str, Path], tuple[Module, tuple[str, ...]] | None] = {}

    def unchanged(self) -> bool:
        """Whether every file and folder that was looked at is as it was then."""
        return all(state.settled and _state(path) == state for path, state in self._states.items())

    def looked_at(self) -> list[str]:
        """Every file and folder that was looked at so far."""
        return [str(path) for path in self._states]

    def find(self, dotted: str, origin: Path) -> tuple[Module, tuple[str, ...]] | None:
        """The module that a dotted name begins with, and the names that follow it; None if it is not here.

        Args:
            dotted: A full dotted name; one from a relative import begins with its dots.
            origin: The file whose import it is.
        """
        key = (dotted, origin)
        if key not in self._found:
            self._found[key] = self._find(dotted, origin)
        return self._found[key]

    def defines(self, dotted: str, origin: Path) -> bool:
        """Whether a dotted name is plainly a function or class of a module here; none is parsed for that."""
        for _ in range(_MAX_LINKS):
            place = self._place(dotted, origin)
            if place is None or len(place[1]) != 1:
                return False
            origin, (name,) = place
            text = self._text(origin)
            if defines(text, name):
                return True
            link = imported_as(text, name)
            if link is None:
                return False
            dotted = link
        return False

    def _roots_of(self, folder: Path) -> tuple[Path, ...]:
        """The script's folder, and the folder that holds the outermost package which the script is in."""
        outer = folder
        while self._is_package(outer) and outer.parent != outer:
            outer = outer.parent
        return (folder,) if outer == folder else (folder, outer)

    def _is_package(self, folder: Path) -> bool:
        init = folder / "__init__.py"
        self._states[init] = _state(init)
        return init.is_file()

    def _find(self, dotted: str, origin: Path) -> tuple[Module, tuple[str, ...]] | None:
        place = self._place(dotted, origin)
        module = self._module(place[0]) if place is not None else None
        return (module, place[1]) if place is not None and module is not None else None

    def _place(self, dotted: str, origin: Path) -> tuple[Path, tuple[str, ...]] | None:
        """The file of the module that a dotted name begins with, and the names that follow it."""
        names = dotted.lstrip(".").split(".")
        level = len(dotted) - len(dotted.lstrip("."))
        roots = self._roots
        if level:
            folder = origin.parent
            for _ in range(level - 1):
                folder = folder.parent
            if not any(folder == root or root in folder.parents for root in self._roots):
                return None
            roots = (folder,)
        for root in roots:
            for length in range(len(names), 0, -1):
                path = self._file(root, names[:length])
                if path is not None and path != origin:
                    return path, tuple(names[length:])
            if level and "__init__.py" in self._names(root) and root / "__init__.py" != origin:
                return root / "__init__.py", tuple(names)
        return None

    def _file(self, root: Path, names: list[str]) -> Path | None:
        if not all(name.isidentifier() for name in names):
            return None
        folder = root.joinpath(*names[:-1])
        last = names[-1]
        if f"{last}.py" in self._names(folder):
            return folder / f"{last}.py"
        if last in self._names(folder) and "__init__.py" in self._names(folder / last):
            return folder / last / "__init__.py"
        return None

    def _names(self, folder: Path) -> frozenset[str]:
        """What lies in a folder; nothing where there is no such folder, or one that cannot be read."""
        if folder not in self._entries:
            self._states[folder] = _state(folder)
            try:
                self._entries[folder] = frozenset(os.listdir(folder))  # noqa: PTH208 - names suffice
            except OSError:
                self._entries[folder] = frozenset()
        return self._entries[folder]

    def _text(self, path: Path) -> bytes:
        if path not in self._texts:
            self._states.setdefault(path, _state(path))
            try:
                self._texts[path] = path.read_bytes()
            except OSError:
                self._texts[path] = b""
        return self._texts[path]

    def _module(self, path: Path) -> Module | None:
        if path not in self._loaded:
            self._loaded[path] = None
            if len(self._loaded) <= _MAX_MODULES:
                state = self._states[path] = _state(path)
                parsed = _parsed(path, state)
                self._loaded[path] = None if parsed is None else self._load(*parsed, self)
        return self._loaded[path]


class _Shared(threading.local):
    """Folder to its modules, for each thread its own: reading an expression is not for two at once."""

    def __init__(self) -> None:
        self.by_folder: dict[Path, Modules] = {}


_shared = _Shared()


def modules_beside(script: Path, load: Callable[[Source, ast.Module, Modules], Module]) -> Modules:
    """The modules that a script can import from its folder and package.

    What was read of them for one script is kept for the next in that folder, until a file there changes.
    """
    folder, kept = script.parent, _shared.by_folder
    modules = kept.pop(folder, None)
    if modules is None or not modules.unchanged():
        modules = Modules(folder, load)
    rests_on(modules.looked_at)
    kept[folder] = modules
    if len(kept) > _MAX_FOLDERS:
        del kept[next(iter(kept))]
    return modules


@dataclass(frozen=True, slots=True)
class _State:
    """What tells whether a file or folder changed.

    Attributes:
        identity: Its date in nanoseconds, size and inode; None where there is none.
        settled: Whether a later change would have another date.
    """

    identity: tuple[int, int, int] | None
    settled: bool = field(compare=False)


def _state(path: Path) -> _State:
    try:
        found = os.stat(path)  # noqa: PTH116 - thousands of times, in half the time
    except OSError:
        return _State(None, True)
    return _State(
        (found.st_mtime_ns, found.st_size, found.st_ino), time.time_ns() - found.st_mtime_ns > _SETTLED_NS
    )


@lru_cache(maxsize=256)
def _parsed(path: Path, state: _State) -> tuple[Source, ast.Module] | None:
    """A module's text and tree, once for all scripts that import it; None where it cannot be read."""
    if state.identity is None or state.identity[1] > _MAX_BYTES:
        return None
    try:
        source = Source.read(path)
        return source, ast.parse(source.text, str(path))
    except (OSError, UnicodeDecodeError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
