"""The calls in the source behind a Modal function: its decorator, and its app's constructor."""

from __future__ import annotations

import ast

from tminus.script import ModalFunction, Script
from tminus.script.app import APP_CLASSES


def decorator_node(script: Script, function: ModalFunction) -> ast.Call | None:
    """The call that decorates a function; None where it was not found among its decorators."""
    for node in function.node.decorator_list:
        if isinstance(node, ast.Call) and script.source.span_of(node) == function.decorator:
            return node
    return None


def app_node(script: Script, decorator: ast.Call) -> ast.Call | None:
    """The constructor call of the app that a decorator belongs to; None where it is not in this file."""
    owner = decorator.func.value if isinstance(decorator.func, ast.Attribute) else None
    if not isinstance(owner, ast.Name):
        return None
    assigned = [node for node in script.module.assigned.get(owner.id, []) if isinstance(node, ast.Call)]
    if len(assigned) != 1 or script.evaluator.dotted_name(assigned[0].func) not in APP_CLASSES:
        return None
    return assigned[0]


def is_from_the_stub_era(script: Script) -> bool:
    """Whether a script was written for the client before 1.0, by the names that only that had."""
    return any(
        script.evaluator.dotted_name(node) in ("modal.Stub", "modal.Mount", "modal.gpu")
        for node, _ in script.expressions()
        if isinstance(node, ast.Attribute | ast.Name)
    )
