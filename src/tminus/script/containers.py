"""Reading f-strings, lists, tuples, dicts and what is taken out of them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from pathlib import PurePath
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tminus.script.objects import ClassObject, FunctionObject
from tminus.script.operators import bounded, check_widths
from tminus.script.scopes import FunctionNode, Scope
from tminus.script.source import Span
from tminus.script.values import Constructed, Known, Unknown, Value

if TYPE_CHECKING:
    from tminus.script.evaluate import Evaluator


def piece(evaluator: Evaluator, node: ast.expr, scope: Scope) -> Value:
    """A literal or formatted piece of an f-string, as text."""
    if not isinstance(node, ast.FormattedValue):
        return evaluator.evaluate(node, scope)
    operands = [evaluator.evaluate(node.value, scope)]
    if node.format_spec is not None:
        operands.append(evaluator.evaluate(node.format_spec, scope))
    conversions: dict[int, Callable[[Any], Any]] = {115: str, 114: repr, 97: ascii}
    convert = conversions.get(node.conversion, lambda value: value)

    def shown(parts: list[Any]) -> str:
        spec = parts[1] if len(parts) > 1 else ""
        check_widths(spec)
        if node.conversion in (114, 97) and isinstance(parts[0], PurePath):
            raise TypeError("the name of a path's class is not read")
        return str(bounded(format(convert(legible(parts[0])), spec)))

    return evaluator.combine(node, operands, shown)


def sequence(
    evaluator: Evaluator,
    node: ast.expr,
    items: list[ast.expr],
    scope: Scope,
    make: Callable[[list[Any]], Any],
) -> Value:
    """A list or tuple, unpacked parts included."""
    starred = [isinstance(item, ast.Starred) for item in items]
    operands = [
        evaluator.evaluate(item.value if isinstance(item, ast.Starred) else item, scope) for item in items
    ]

    def put_together(values: list[Any]) -> Any:
        whole: list[Any] = []
        for value, many in zip(values, starred, strict=True):
            whole += list(value) if many else [value]
        return make(bounded(whole))

    return evaluator.combine(node, operands, put_together)


class Entries(dict[Any, Any]):
    """A dict that the script writes out, with the places of its entries.

    Attributes:
        places: Key to the spans of key and value.
    """

    def __init__(self, values: Mapping[Any, Any] = MappingProxyType({})) -> None:
        super().__init__(values)
        self.places: dict[Any, tuple[Span, Span]] = dict(getattr(values, "places", {}))

    def update(self, other: Mapping[Any, Any]) -> None:  # type: ignore[override]
        """Take the entries of another dict, and their places."""
        super().update(other)
        self.places.update(getattr(other, "places", {}))

    def __or__(self, other: Mapping[Any, Any]) -> Entries:
        both = Entries(self)
        both.update(other)
        return both


def dictionary(evaluator: Evaluator, node: ast.Dict, scope: Scope) -> Value:
    """A dict, unpacked parts included; values that are not simply known stay as they are."""
    keys: list[Value] = []
    operands: list[Value] = []
    for key, item in zip(node.keys, node.values, strict=True):
        value = evaluator.evaluate(item, scope)
        operands.append(value if key is None else held(value))
        if key is not None:
            keys.append(evaluator.evaluate(key, scope))
    spans = [evaluator.source.span_of(item) for item in node.values]

    def merge(values: list[Any]) -> dict[Any, Any]:
        given, names = values[: len(spans)], iter(zip(keys, values[len(spans) :], strict=True))
        merged_ = Entries()
        for key, value, span in zip(node.keys, given, spans, strict=True):
            if key is None:
                merged_.update(value)
            else:
                read, name = next(names)
                merged_[name] = value
                merged_.places[name] = (read.span, span)
        bounded(merged_)
        return merged_

    return evaluator.combine(node, [*operands, *keys], merge)


def subscript(
    evaluator: Evaluator, node: ast.expr, container: ast.expr, index: ast.expr, scope: Scope
) -> Value:
    """What is taken out of a list or dict."""
    if evaluator.dotted_name(container) == "os.environ":
        return evaluator.unknown(node, "it is read from the environment, without a default")
    if isinstance(index, ast.Slice):
        return evaluator.unknown(node, "a slice is not read")
    operands = [evaluator.evaluate(container, scope), evaluator.evaluate(index, scope)]
    return evaluator.out_of(node, evaluator.combine(node, operands, lambda pair: pair[0][pair[1]]))


def held(value: Value) -> Value:
    """A value as it is held in a dict: one that is not simply known stays what it is."""
    if isinstance(value, Known) and not value.others:
        return value
    return Known(value, value.span)


def printable(value: Any) -> Any:
    """The value itself.

    Raises:
        TypeError: It has no text that could be read.
    """
    if isinstance(value, Known | Unknown | Constructed | FunctionObject | ClassObject | FunctionNode):
        raise TypeError("an object of the script has no text that could be read")
    return value


def legible(value: Any) -> Any:
    """The value itself, where its text is the one that it has in the script, down to its items.

    Raises:
        TypeError: It is not: something in it could not be read, or is held here as another class.
    """
    if isinstance(value, list | tuple | dict):
        for item in (*value, *value.values()) if isinstance(value, dict) else value:
            if isinstance(item, PurePath):
                raise TypeError("a path in a list has no text that could be read")
            legible(item)
    return printable(value)
