"""Modules of the user's own project: files beside the script, and how they reach the container."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from tminus.check.distributions import Distributions
from tminus.check.images import strings_of
from tminus.check.once import once
from tminus.check.packages import COMMANDS, command_strings
from tminus.looked import look, remembered
from tminus.script import Known, Script
from tminus.script.image import Image

# How far up a project's root can be.
_MAX_LEVELS = 6

_ROOT_MARKS = (".git", "pyproject.toml", "setup.py", "setup.cfg")


def is_local(script: Script, module: str) -> bool:
    """Whether a top-level module is a file or folder of the script's own project."""
    return local_path(script, module) is not None


def local_path(script: Script, module: str) -> Path | None:
    """The file or folder of a top-level module in the script's project; None if there is none."""
    for folder in search_folders(script):
        file, package = folder / f"{module}.py", folder / module
        look(file)
        look(package)
        if file.is_file() and file != script.path:
            return file
        if package.is_dir() and _has_python(package) and not _loses(package, module):
            return package
    return None


def _loses(package: Path, module: str) -> bool:
    """Whether an installed package is imported instead: before a folder without ``__init__.py``, any is.

    The script's folder is often called ``modal``, and others ``datasets`` or ``wandb``.
    """
    marker = package / "__init__.py"
    look(marker)
    return not marker.exists() and bool(Distributions.bundled().providers(module))


@once
def search_folders(script: Script) -> tuple[Path, ...]:
    """Folders that modules are found in when the script runs: its own, and the project's root."""
    return _folders(script.path.resolve().parent)


@remembered
def _folders(folder: Path) -> tuple[Path, ...]:
    folders = [folder]
    for parent in [folder, *folder.parents][:_MAX_LEVELS]:
        marks = [parent / mark for mark in _ROOT_MARKS]
        for mark in marks:
            look(mark)
        if any(mark.exists() for mark in marks):
            folders += [parent, parent / "src"]
            break
    return tuple(dict.fromkeys(folders))


@remembered
def _has_python(folder: Path) -> bool:
    look(folder, within=True)
    for inner in folder.glob("*"):
        look(inner, within=inner.is_dir())
    return any(folder.glob("*.py")) or any(folder.glob("*/*.py"))


def may_hold(script: Script, image: Image, module: str) -> bool:
    """Whether some step of an image may bring a local module into the container, as far as can be seen."""
    on_path = {"/root"}
    for step in image.steps:
        if step.method == "workdir" and step.node.args:
            value = script.evaluate(step.node.args[0], step.scope)
            on_path.add(str(value.value) if isinstance(value, Known) else "/root")
    for step in image.steps:
        if step.method == "add_local_python_source":
            texts = [text for node in step.node.args for text in strings_of(script, node, step.scope)]
            if any(text is None or text[0].partition(".")[0] == module for text in texts):
                return True
        elif step.method in ("add_local_dir", "add_local_file"):
            texts = [
                text
                for node in [*step.node.args[:2], *(keyword.value for keyword in step.node.keywords)]
                for text in strings_of(script, node, step.scope)
            ]
            if len(texts) < 2 or texts[0] is None or texts[1] is None:
                return True
            if _covers(script, texts[0][0], module) and _importable(script, texts[1][0], module, on_path):
                return True
        elif step.method in COMMANDS:
            for text in command_strings(script, step):
                if text is None or re.search(r"\bgit\s+clone\b|pip\s+install\s+(-e|\.|/)|COPY|ADD", text[0]):
                    return True
    return False


def _covers(script: Script, local: str, module: str) -> bool:
    """Whether a local path that is added holds the module, or could: one that is not there is unknown."""
    if "\0" in local:
        return True  # no path at all
    path = local_path(script, module)
    known = False
    for folder in search_folders(script):
        added = (folder / local).resolve()
        look(added)
        known |= added.exists()
        # A part of the module counts too: which part is imported is not followed.
        if path is not None and (added == path or added in path.parents or path in added.parents):
            return True
    return not known


def _importable(script: Script, remote: str, module: str, on_path: set[str]) -> bool:
    """Whether what lies at a path in the container is found by an import."""
    if "sys.path" in script.source.text or "PYTHONPATH" in script.source.text:
        return True
    at = PurePosixPath(remote)
    # Either the folder that holds the module is on the path, or the path names the module or what is in it.
    return any(
        PurePosixPath(folder) == at
        or (at.stem == module and PurePosixPath(folder) == at.parent)
        or PurePosixPath(folder) / module in at.parents
        for folder in on_path
    )
