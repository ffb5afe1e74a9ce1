"""Calls of libraries: the objects that they make, with the arguments that reach them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from tminus.script.scopes import Scope
from tminus.script.source import Span
from tminus.script.values import Constructed, Known, Unknown, Value

if TYPE_CHECKING:
    from tminus.script.evaluate import Evaluator


def construct(evaluator: Evaluator, node: ast.Call, scope: Scope) -> Constructed | None:
    """The library object that a call makes; None when it does not call a known library."""
    name = evaluator.dotted_name(node.func)
    if name is not None and name.partition(".")[0] in evaluator.libraries:
        span = evaluator.source.span_of(node)
        return Constructed(
            name, arguments(evaluator, node, scope), keywords(evaluator, node, scope), None, span, node, scope
        )
    if not isinstance(node.func, ast.Attribute):
        return None
    owner = evaluator.evaluate(node.func.value, scope)
    if not (isinstance(owner, Known) and isinstance(owner.value, Constructed)):
        return None
    return method_of(evaluator, node, owner.value, scope)


def method_of(evaluator: Evaluator, node: ast.Call, owner: Any, scope: Scope) -> Constructed:
    """The object that a method of a library object gives.

    Raises:
        TypeError: `owner` is not such an object.
    """
    if not (isinstance(owner, Constructed) and isinstance(node.func, ast.Attribute)):
        raise TypeError("a method of something else")
    whole, called = evaluator.source.span_of(node), evaluator.source.span_of(node.func)
    start = called.end_column - len(node.func.attr)
    span = Span(whole.path, called.end_line, start, whole.end_line, whole.end_column)
    name = f"{owner.name}.{node.func.attr}"
    given = arguments(evaluator, node, scope), keywords(evaluator, node, scope)
    return Constructed(name, *given, owner, span, node, scope)


def arguments(evaluator: Evaluator, node: ast.Call, scope: Scope) -> tuple[Value, ...]:
    """Positional arguments of a call; those of an unpacked list that can be read are among them."""
    values: list[Value] = []
    for argument in node.args:
        if not isinstance(argument, ast.Starred):
            values.append(evaluator.evaluate(argument, scope))
            continue
        many = evaluator.evaluate(argument.value, scope)
        if isinstance(many, Known) and isinstance(many.value, list | tuple) and not many.others:
            leaves = {repr(leaf.value): leaf for leaf in many.leaves}
            for item in many.value:
                leaf = leaves.get(repr(item))
                values.append(
                    Known(item, leaf.span if leaf else many.span, (leaf,) if leaf else (), many.assumed)
                )
        else:
            values.append(evaluator.unknown(argument, "the unpacked arguments cannot be read"))
    return tuple(values)


def keywords(evaluator: Evaluator, node: ast.Call, scope: Scope) -> dict[str, Value]:
    """Keyword arguments of a call; those of an unpacked dict that can be read are among them.

    ``**`` is in it, unknown, if there is an unpacked dict that cannot be read as a whole.
    """
    values: dict[str, Value] = {}
    for keyword in node.keywords:
        if keyword.arg is not None:
            values[keyword.arg] = evaluator.evaluate(keyword.value, scope)
        else:
            values.update(_unpacked(evaluator, keyword.value, scope))
    return values


def _unpacked(evaluator: Evaluator, node: ast.expr, scope: Scope) -> dict[str, Value]:
    if isinstance(node, ast.Dict):
        values: dict[str, Value] = {}
        for key, item in zip(node.keys, node.values, strict=True):
            if key is None:
                values.update(_unpacked(evaluator, item, scope))
                continue
            its_name = evaluator.evaluate(key, scope)
            if isinstance(its_name, Known) and isinstance(its_name.value, str):
                values[its_name.value] = evaluator.evaluate(item, scope)
            else:
                values["**"] = evaluator.unknown(key, "the name of the argument cannot be read")
        return values
    if isinstance(node, ast.Name):
        found = scope.lookup(node.id)
        if (
            found
            and len(found[1]) == 1
            and isinstance(found[1][0], ast.Dict)
            and node.id not in {*found[0].defaults, *found[0].changed}
        ):
            return _unpacked(evaluator, found[1][0], found[0])
    whole = evaluator.evaluate(node, scope)
    if not isinstance(whole, Known) or not isinstance(whole.value, dict):
        return {"**": evaluator.unknown(node, "the unpacked arguments cannot be read")}
    leaves = {repr(leaf.value): leaf for leaf in whole.leaves}
    values = {}
    for name, value in whole.value.items():
        if isinstance(value, Known | Unknown):
            values[str(name)] = value
            continue
        leaf = leaves.get(repr(value)) if isinstance(value, str | int | float) else None
        values[str(name)] = Known(value, whole.span, (leaf,) if leaf else (), whole.assumed)
    return values
