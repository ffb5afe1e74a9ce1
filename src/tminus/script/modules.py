"""Modules of the same project that a script imports: parsed when a value of theirs is needed, never run."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from tminus.script.scopes import Scope
from tminus.script.source import Source

if TYPE_CHECKING:
    from tminus.script.evaluate import Evaluator

_MAX_MODULES = 40
_MAX_BYTES = 1_000_000


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


class Modules:
    """Finds and parses modules in the folder and package of a script.

    Args:
        script: The script's path.
        load: Makes a module of a parsed file.
    """

    def __init__(self, script: Path, load: Callable[[Source, ast.Module], Module]) -> None:
        self._load = load
        self._roots = _roots(script.parent)
        self._loaded: dict[Path, Module | None] = {}

    def find(self, dotted: str, origin: Path) -> tuple[Module, tuple[str, ...]] | None:
        """The module that a dotted name begins with, and the names that follow it; None if it is not here.

        Args:
            dotted: A full dotted name; one from a relative import begins with its dots.
            origin: The file whose import it is.
        """
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
                path = _file(root, names[:length])
                if path is not None and path != origin:
                    module = self._module(path)
                    return (module, tuple(names[length:])) if module is not None else None
            if level and _package(root) is not None and _package(root) != origin:
                module = self._module(root / "__init__.py")
                return (module, tuple(names)) if module is not None else None
        return None

    def _module(self, path: Path) -> Module | None:
        if path not in self._loaded:
            self._loaded[path] = None
            if len(self._loaded) <= _MAX_MODULES:
                self._loaded[path] = self._parsed(path)
        return self._loaded[path]

    def _parsed(self, path: Path) -> Module | None:
        try:
            state = path.stat()
        except OSError:
            return None
        parsed = _parsed(path, state.st_mtime_ns, state.st_size)
        return None if parsed is None else self._load(*parsed)


@lru_cache(maxsize=256)
def _parsed(path: Path, modified_ns: int, size: int) -> tuple[Source, ast.Module] | None:
    """A module's text and tree, once for all scripts that import it; None where it cannot be read."""
    if size > _MAX_BYTES:
        return None
    try:
        source = Source.read(path)
        return source, ast.parse(source.text, str(path))
    except (OSError, UnicodeDecodeError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _roots(folder: Path) -> tuple[Path, ...]:
    """The script's folder, and the folder that holds the outermost package which the script is in."""
    outer = folder
    while _package(outer) is not None and outer.parent != outer:
        outer = outer.parent
    return (folder,) if outer == folder else (folder, outer)


def _package(folder: Path) -> Path | None:
    init = folder / "__init__.py"
    return init if init.is_file() else None


def _file(root: Path, names: list[str]) -> Path | None:
    if not all(name.isidentifier() for name in names):
        return None
    stem = root.joinpath(*names)
    for path in (stem.with_suffix(".py"), stem / "__init__.py"):
        try:
            if path.is_file():
                return path
        except OSError:
            return None
    return None
