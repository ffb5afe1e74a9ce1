"""Files that are named by their path in a container, found where they lie before they get there."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tminus.looked import look
from tminus.script.app import ModalFunction
from tminus.script.image import image_steps
from tminus.script.source import Source
from tminus.script.values import Constructed, Known, Value, possible
from tminus.script.words import GAP

_FILE_STEPS = frozenset({"add_local_file", "copy_local_file", "from_local_file"})
_FOLDER_STEPS = frozenset({"add_local_dir", "copy_local_dir", "from_local_dir"})

# A script is started from its own folder, or from one of these above it.
_MAX_FOLDERS_ABOVE = 3


@dataclass(frozen=True, slots=True)
class Added:
    """A local file or folder that an image or mount brings along.

    Attributes:
        remote: Where it is in the container.
        local: Where it is here.
    """

    remote: PurePosixPath
    local: Path


def added_files(functions: Iterable[ModalFunction], script: Path) -> Iterator[Added]:
    """What the images and mounts of functions bring along, as far as it is found here."""
    for function in functions:
        for image in possible(function.argument("image")):
            for step in image_steps(image.value):
                local = step.argument(0, "local_path")
                remote = step.argument(1, "remote_path")
                yield from _added(step.method, local, remote, script)
        for mounts in possible(function.argument("mounts")):
            made = mounts.value.value
            for mount in made if isinstance(made, list | tuple) else ():
                yield from _mounted(mount, script)


def found_file(path: str, added: Iterable[Added], script: Path) -> tuple[Path, bool] | None:
    """The local file of a path in a container, and whether the script says that it gets there.

    Args:
        path: The path as a command names it; a gap at its beginning stands for a folder.
        added: What the images bring along.
        script: The script; a file of that name beside it counts, without being sure.
    """
    wanted = PurePosixPath(path.rpartition(GAP)[2].lstrip("/") if GAP in path else path)
    if not wanted.name or (GAP in path and not path.rpartition(GAP)[2].startswith("/")):
        return None
    for one in added:
        for inner in _inside(wanted, one.remote):
            file = one.local / inner if inner.parts else one.local
            if _is_file(file):
                return file, True
    parts = [part for part in wanted.parts if part != "/"]
    for start in range(len(parts)):
        file = script.parent.joinpath(*parts[start:])
        if _is_file(file):
            return file, start == 0 and not wanted.is_absolute()
    return None


def _inside(wanted: PurePosixPath, remote: PurePosixPath) -> Iterator[PurePosixPath]:
    """What is left of a path below a folder or file of the container, empty for that file itself.

    A relative path may begin in any folder above: the working directory is not known.
    """
    if wanted.is_absolute():
        if wanted.is_relative_to(remote):
            yield wanted.relative_to(remote)
        return
    for length in range(min(len(wanted.parts), len(remote.parts)), -1, -1):
        if not length or remote.parts[-length:] == wanted.parts[:length]:
            yield PurePosixPath(*wanted.parts[length:])


def _added(method: str, local: Value | None, remote: Value | None, script: Path) -> Iterator[Added]:
    if local is None or method not in _FILE_STEPS | _FOLDER_STEPS:
        return
    here = _local(local, script)
    if here is None:
        return
    given = remote.value if isinstance(remote, Known) else None
    there = str(given) if isinstance(given, str | PurePosixPath) else f"/root/{here.name}"
    if method in _FILE_STEPS and there.endswith("/"):
        there += here.name
    yield Added(PurePosixPath(there), here)


def _mounted(mount: object, script: Path) -> Iterator[Added]:
    while isinstance(mount, Constructed):
        given = dict(enumerate(mount.args))
        local = given.get(0, mount.kwargs.get("local_path"))
        remote = given.get(1, mount.kwargs.get("remote_path"))
        yield from _added(mount.name.rpartition(".")[2], local, remote, script)
        mount = mount.receiver


def _local(value: Value, script: Path) -> Path | None:
    """The local file or folder that an argument names; None where there is no such."""
    beside = value.span.path.parent
    if isinstance(value, Known) and isinstance(value.value, str | PurePosixPath):
        named = Path(value.value)
        bases = [beside, script.parent, *list(script.parent.resolve().parents)[:_MAX_FOLDERS_ABOVE]]
        return next((base / named for base in bases if _exists(base / named)), None)
    try:
        source = Source.read(value.span.path)
        tree = ast.parse(source.slice(value.span).strip(), mode="eval").body
    except (OSError, UnicodeDecodeError, SyntaxError, ValueError):
        return None
    path = _beside(tree, value.span.path)
    return path if path is not None and _exists(path) else None


def _beside(node: ast.expr, file: Path) -> Path | None:
    """The path of ``Path(__file__).parent / "config.yml"`` and its like."""
    match node:
        case ast.Name(id="__file__"):
            return file
        case ast.BinOp(left=left, op=ast.Div(), right=ast.Constant(value=str(name))):
            base = _beside(left, file)
            return base / name if base is not None else None
        case ast.Attribute(value=inner, attr="parent"):
            base = _beside(inner, file)
            return base.parent if base is not None else None
        case ast.Call(func=ast.Attribute(attr="join"), args=[first, *rest]) if rest:
            base = _beside(first, file)
            names = [
                one.value for one in rest if isinstance(one, ast.Constant) and isinstance(one.value, str)
            ]
            return base.joinpath(*names) if base is not None and len(names) == len(rest) else None
        case ast.Call(func=ast.Attribute(attr="dirname"), args=[inner]):
            base = _beside(inner, file)
            return base.parent if base is not None else None
        case ast.Call(func=ast.Attribute(value=inner, attr="resolve" | "absolute" | "as_posix"), args=[]):
            return _beside(inner, file)
        case ast.Call(args=[inner]):
            return _beside(inner, file)
    return None


def _is_file(path: Path) -> bool:
    look(path, within=True)
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _exists(path: Path) -> bool:
    look(path)
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
