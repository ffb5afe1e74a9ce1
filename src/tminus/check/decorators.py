"""The calls in the source behind a Modal function: its decorator, and its app's constructor."""

from __future__ import annotations

import ast

from tminus.check.dicts import read_entries
from tminus.check.once import once
from tminus.script import ModalFunction, Script, Value
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


def argument_node(script: Script, function: ModalFunction, name: str) -> tuple[ast.expr | None, bool]:
    """The expression given for a decorator's argument, by the function or by its app.

    Returns:
        The expression (None where none is given), and whether that is certain: False where an unpacked dict
        or an app from another file may give one unseen.
    """
    decorator = decorator_node(script, function)
    if decorator is None:
        return None, False
    given, certain = _given(script, decorator, function, name)
    if given is not None or not certain:
        return given, certain
    app = app_node(script, decorator)
    if app is None or _assigned_on_app(script, decorator, name):
        return None, False
    return _given(script, app, function, name)


def _assigned_on_app(script: Script, decorator: ast.Call, name: str) -> bool:
    """Whether the script assigns the argument to the app (``stub.image = image``), as it once could."""
    owner = decorator.func.value if isinstance(decorator.func, ast.Attribute) else None
    return isinstance(owner, ast.Name) and any(
        isinstance(node, ast.Attribute)
        and node.attr == name
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == owner.id
        for node in (one.node for one in script.placed)
    )


def argument_nodes(script: Script, function: ModalFunction, name: str) -> tuple[list[ast.expr], bool]:
    """The expressions given for an argument that app and function add up (``volumes``, ``secrets``).

    Returns:
        The app's first, and whether these are all.
    """
    decorator = decorator_node(script, function)
    if decorator is None:
        return [], False
    own, certain = _given(script, decorator, function, name)
    app = app_node(script, decorator)
    shared, shared_certain = (None, False) if app is None else _given(script, app, function, name)
    return [node for node in (shared, own) if node is not None], certain and shared_certain


def _given(
    script: Script, call: ast.Call, function: ModalFunction, name: str
) -> tuple[ast.expr | None, bool]:
    certain = True
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value, True
        if keyword.arg is None:
            entries: dict[str, tuple[Value, ast.expr]] = {}
            certain &= read_entries(script, keyword.value, function.scope, entries)
            if name in entries:
                return entries[name][1], True
    return None, certain


@once
def is_from_the_stub_era(script: Script) -> bool:
    """Whether a script was written for the client before 1.0, by the names that only that had."""
    return any(
        script.evaluator.dotted_name(node) in ("modal.Stub", "modal.Mount", "modal.gpu")
        for node, _ in script.expressions()
        if isinstance(node, ast.Attribute | ast.Name)
    )
