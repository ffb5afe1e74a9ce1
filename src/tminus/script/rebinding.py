"""Names of a module that something other than the module's own statements binds or changes."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tminus.script.scopes import FunctionNode, Scope, body_nodes, class_scope, function_scope
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


def changed_names(module: Scope) -> dict[str, frozenset[str]]:
    """The module's lists and dicts that functions change in place, with the outermost of those functions."""
    found: dict[str, set[str]] = {}
    for name, definition in module.definitions.items():
        for changed in _changed_in(definition, module):
            found.setdefault(changed, set()).add(name)
    return {name: frozenset(functions) for name, functions in found.items()}


def called_names(module: Scope) -> frozenset[str]:
    """The names that the module's own statements call while it is imported."""
    return frozenset(
        node.func.id
        for node in body_nodes(module.statements)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    )


def _changed_in(definition: FunctionNode | ast.ClassDef, parent: Scope) -> Iterator[str]:
    make = function_scope if isinstance(definition, FunctionNode) else class_scope
    scope = make(definition, parent)  # type: ignore[arg-type]
    names = set(scope.changed)
    for inner in scope.definitions.values():
        names.update(_changed_in(inner, scope))
    yield from (name for name in names if name not in scope.assigned and name not in scope.defaults)


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
