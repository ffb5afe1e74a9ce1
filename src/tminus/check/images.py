"""The image that each function runs in, and what its steps set."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tminus.check.decorators import argument_node
from tminus.check.dicts import read_entries
from tminus.check.once import once
from tminus.script import Known, ModalFunction, Script, Value, image_steps
from tminus.script.image import Image, read_image
from tminus.script.scopes import Scope
from tminus.script.values import certain


@once
def image_of(script: Script, function: ModalFunction) -> Image | None:
    """The image of a function, its own or the app's; None where it cannot be read."""
    given, certain = argument_node(script, function, "image")
    if given is None:
        return Image(None, (), True) if certain else None
    if isinstance(given, ast.Constant) and given.value is None:
        return Image(None, (), True)
    return read_image(script, given, function.scope, given.lineno)


def strings_of(script: Script, node: ast.expr, scope: Scope) -> Iterator[tuple[str, ast.expr] | None]:
    """Every string of an argument: a string, a list of such, an unpacked list. None where one is unread."""
    match node:
        case ast.Starred(value=inner):
            yield from strings_of(script, inner, scope)
        case ast.List(elts=items) | ast.Tuple(elts=items):
            for item in items:
                yield from strings_of(script, item, scope)
        case _:
            value = script.evaluate(node, scope)
            yield from _texts(value, node)


def _texts(value: Value, node: ast.expr) -> Iterator[tuple[str, ast.expr] | None]:
    if not isinstance(value, Known):
        yield None
        return
    for text in value.value if isinstance(value.value, list | tuple) else [value.value]:
        yield (text, node) if isinstance(text, str) else None


def environment_of(script: Script, image: Image) -> tuple[dict[str, tuple[Value, ast.expr]], bool]:
    """What ``.env`` steps set, later ones last, and whether every name is in sight."""
    variables: dict[str, tuple[Value, ast.expr]] = {}
    whole = image.complete
    for step in image.steps:
        if step.method == "env":
            given = step.node.args[0] if step.node.args else step.keyword("vars")
            whole &= given is not None and read_entries(script, given, step.scope, variables)
    return variables, whole


@once
def image_in_project(script: Script, function: ModalFunction) -> Image | None:
    """The image of a function, also one that another file of the project makes; None where it cannot be read.

    Its steps may stand in another file: what is reported of them has to be reported where they are used.
    """
    own = image_of(script, function)
    given = function.argument("image")
    if own is not None or given is None or not certain(given):
        return own
    steps = image_steps(given)
    if not steps or steps[0].scope.home is script.evaluator:
        return None
    return Image(steps[0], tuple(steps[1:]), True)
