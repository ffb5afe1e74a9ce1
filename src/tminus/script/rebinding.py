"""Names of a module that something other than the module's own statements binds."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tminus.script.scopes import Scope
from tminus.script.tree import walk


def rebound_names(module: Scope, text: str) -> frozenset[str]:
    """The module's names that functions bind with ``global``, or anything through ``globals()``.

    Args:
        module: The module's scope.
        text: The module's text; most say nothing of globals, and are not walked.
    """
    if "global " not in text and "globals()" not in text:
        return frozenset()
    return frozenset(name for statement in module.statements for name in _rebound(statement))


def _rebound(statement: ast.stmt) -> Iterator[str]:
    for node in walk(statement):
        match node:
            case ast.Global(names=names):
                yield from names
            case ast.Subscript(
                value=ast.Call(func=ast.Name(id="globals")),
                slice=ast.Constant(value=str(name)),
                ctx=ast.Store() | ast.Del(),
            ):
                yield name
            case ast.Call(
                func=ast.Attribute(value=ast.Call(func=ast.Name(id="globals")), attr="update"), keywords=given
            ):
                yield from (keyword.arg for keyword in given if keyword.arg is not None)
