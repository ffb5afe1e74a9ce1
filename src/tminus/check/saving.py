"""Whether what a run writes outlives its container: what several rules ask."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tminus.check.runs import COPIES, ELSEWHERE, Output, Run
from tminus.lazy import pattern
from tminus.script import Mounts, image_steps, possible
from tminus.script.scopes import FunctionNode

# What moves relative paths, or gives the bytes back to the caller.
_MOVES = pattern(r"(?i)chdir|\bcwd\b|getcwd|pushd")
_RETURNS = pattern(r"(?i)read_bytes|tobytes|getvalue|zipfile|tarfile|make_archive|pickle|b64encode|\.read\b")


def can_end_elsewhere(run: Run) -> bool:
    """Whether its output can get to where it outlives the container in a way that is not a save.

    A path that could not be read is no such way where nothing at all is mounted.
    """
    return (
        run.says(ELSEWHERE)
        or run.says(COPIES)
        or run.says(_RETURNS)
        or (run.unread_output and bool(run.mounts.table))
        or bool(run.reach.outside)
        or run.training.kind == "elsewhere"
        or _changes_folder(run)
    )


def _changes_folder(run: Run) -> bool:
    programs = [program for command in run.reach.commands for program in command.programs]
    relative = any(not output.path.is_absolute() for output in run.outputs)
    return relative and (
        run.says(_MOVES) or any(program.name == "cd" for program in programs) or _has_working_folder(run)
    )


def _has_working_folder(run: Run) -> bool:
    return any(
        step.method == "workdir"
        for image in possible(run.function.argument("image"))
        for step in image_steps(image.value)
    )


def written_outside(run: Run) -> list[Output]:
    """Outputs that are on none of the run's mounts. A relative path is in the image's own folder."""
    return [
        output
        for output in run.outputs
        if not output.path.is_absolute() or run.mounts.holding(output.path) is None
    ]


def where(mounts: Mounts) -> str:
    """The paths of the mounts, in words."""
    return " and ".join(sorted({str(mount.path) for mount in mounts.table}))


def returns_something(run: Run) -> bool:
    """Whether the function gives its caller what could be the model: not a number, text or dict of such."""
    for node in _returns(run.function.node):
        match node.value:
            case None | ast.Constant() | ast.Dict() | ast.JoinedStr():
                continue
            case _:
                return True
    return False


def returns_nothing(run: Run) -> bool:
    """Whether the function gives its caller no value at all."""
    return all(node.value is None for node in _returns(run.function.node))


def _returns(node: ast.AST) -> Iterator[ast.Return]:
    """The returns of a function, or of a class's methods; those of functions inside them are not theirs."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Return):
            yield child
        elif isinstance(node, ast.ClassDef) or not isinstance(child, FunctionNode | ast.ClassDef):
            yield from _returns(child)
