"""Partial evaluation: reading expressions without running anything."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

from tminus.script.scopes import Scope
from tminus.script.source import Source
from tminus.script.values import Constructed, Known, Leaf, Unknown, Value

_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.BitOr: operator.or_,
}

_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}

# Pure functions that scripts use for constants; all of them are quick on the values that literals can be.
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "int": int,
    "float": float,
    "str": str,
    "bool": bool,
    "len": len,
    "max": max,
    "min": min,
    "round": round,
    "abs": abs,
    "sum": sum,
    "math.ceil": math.ceil,
    "math.floor": math.floor,
    "pathlib.Path": PurePosixPath,
    "pathlib.PurePosixPath": PurePosixPath,
    "os.path.join": lambda *parts: str(PurePosixPath(*parts)),
}

_ENVIRONMENT_READS = ("os.environ.get", "os.getenv")

# Long enough for any configuration; keeps `"x" * 10**9` from being computed.
_MAX_SEQUENCE = 10_000

_MAX_DEPTH = 60


class Evaluator:
    """Reads expressions of one file, given what its scopes assign.

    Args:
        source: The file.
        imports: Local name to full dotted name.
        libraries: Top-level packages whose calls become `Constructed` objects.
    """

    def __init__(self, source: Source, imports: dict[str, str], libraries: frozenset[str]) -> None:
        self.source = source
        self._imports = imports
        self._libraries = libraries
        self._depth = 0

    def dotted_name(self, node: ast.expr) -> str | None:
        """The full dotted name that a name or attribute chain stands for, by the file's imports."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        parts.append(self._imports.get(node.id, node.id))
        return ".".join(reversed(parts))

    def evaluate(self, node: ast.expr, scope: Scope) -> Value:
        """The value of an expression, or why it cannot be known."""
        if self._depth >= _MAX_DEPTH:
            return self._unknown(node, "the definition refers to itself or is nested too deeply")
        self._depth += 1
        try:
            return self._dispatch(node, scope)
        except (ArithmeticError, TypeError, ValueError, LookupError, AttributeError) as error:
            return self._unknown(node, f"the expression fails: {error}")
        finally:
            self._depth -= 1

    def _dispatch(self, node: ast.expr, scope: Scope) -> Value:
        match node:
            case ast.Constant(value=value):
                span = self.source.span_of(node)
                return Known(value, span, (Leaf(value, span),))
            case ast.Name():
                return self._name(node, scope)
            case ast.JoinedStr(values=pieces):
                return self._combine(node, [self._piece(piece, scope) for piece in pieces], "".join)
            case ast.BinOp(left=left, op=op, right=right) if apply := _OPERATORS.get(type(op)):
                operands = [self.evaluate(left, scope), self.evaluate(right, scope)]
                return self._combine(node, operands, lambda pair: _arithmetic(apply, *pair))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self._combine(node, [self.evaluate(operand, scope)], lambda one: -one[0])
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return self._combine(node, [self.evaluate(operand, scope)], lambda one: not one[0])
            case ast.Compare(left=left, ops=[test], comparators=[right]) if compare := _COMPARISONS.get(
                type(test)
            ):
                operands = [self.evaluate(left, scope), self.evaluate(right, scope)]
                return self._combine(node, operands, lambda pair: compare(*pair))
            case ast.BoolOp(op=junction, values=values):
                return self._boolean(junction, values, scope)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                condition = self.evaluate(test, scope)
                if isinstance(condition, Unknown):
                    return self._unknown(node, condition.reason)
                return self.evaluate(body if condition.value else orelse, scope)
            case ast.List(elts=items):
                return self._combine(node, [self.evaluate(item, scope) for item in items], list)
            case ast.Tuple(elts=items):
                return self._combine(node, [self.evaluate(item, scope) for item in items], tuple)
            case ast.Dict():
                return self._dict(node, scope)
            case ast.Subscript(value=container, slice=index):
                operands = [self.evaluate(container, scope), self.evaluate(index, scope)]
                return self._combine(node, operands, lambda pair: pair[0][pair[1]])
            case ast.Call():
                return self._call(node, scope)
        return self._unknown(node, f"a {type(node).__name__} is not read")

    def _name(self, node: ast.Name, scope: Scope) -> Value:
        found = scope.lookup(node.id)
        if found is None:
            return self._unknown(node, f"{node.id} is not defined in this file")
        owner, assigned = found
        if node.id in owner.defaults:
            default = owner.defaults[node.id]
            if assigned or default is None:
                return self._unknown(node, f"{node.id} is a parameter without a value that can be read here")
            value = self.evaluate(default, owner)
            return self._named(node, value, f"the default of parameter {node.id}")
        if len(assigned) != 1:
            return self._unknown(node, f"{node.id} is assigned {len(assigned)} times")
        if assigned[0] is None:
            return self._unknown(node, f"{node.id} changes while the script runs")
        return self._named(node, self.evaluate(assigned[0], owner), None)

    def _named(self, node: ast.Name, value: Value, assumed: str | None) -> Value:
        if isinstance(value, Unknown):
            return self._unknown(node, value.reason)
        leaves = value.leaves
        if len(leaves) == 1 and leaves[0].name is None and leaves[0].value == value.value:
            leaves = (Leaf(leaves[0].value, leaves[0].span, node.id),)
        return Known(value.value, self.source.span_of(node), leaves, value.assumed or assumed)

    def _piece(self, node: ast.expr, scope: Scope) -> Value:
        if isinstance(node, ast.FormattedValue):
            if node.format_spec is not None or node.conversion != -1:
                return self._unknown(node, "a formatted value is not read")
            return self._combine(node, [self.evaluate(node.value, scope)], lambda one: str(one[0]))
        return self.evaluate(node, scope)

    def _boolean(self, op: ast.boolop, values: list[ast.expr], scope: Scope) -> Value:
        value: Value | None = None
        for node in values:
            value = self.evaluate(node, scope)
            if isinstance(value, Unknown) or bool(value.value) == isinstance(op, ast.Or):
                return value
        assert value is not None
        return value

    def _dict(self, node: ast.Dict, scope: Scope) -> Value:
        merged: dict[Any, Any] = {}
        parts: list[Known] = []
        for key, item in zip(node.keys, node.values, strict=True):
            value = self.evaluate(item, scope)
            if isinstance(value, Unknown):
                return self._unknown(node, value.reason)
            parts.append(value)
            if key is None:
                merged.update(value.value)
                continue
            its_key = self.evaluate(key, scope)
            if isinstance(its_key, Unknown):
                return self._unknown(node, its_key.reason)
            parts.append(its_key)
            merged[its_key.value] = value.value
        return self._known(node, merged, parts)

    def _call(self, node: ast.Call, scope: Scope) -> Value:
        name = self.dotted_name(node.func)
        if name in _ENVIRONMENT_READS and node.args:
            return self._environment_read(node, scope)
        if name in _FUNCTIONS and not node.keywords:
            arguments = [self.evaluate(argument, scope) for argument in node.args]
            return self._combine(node, arguments, lambda values: _bounded(_FUNCTIONS[name](*values)))
        made = self.construct(node, scope)
        if made is not None:
            return Known(made, self.source.span_of(node))
        if isinstance(node.func, ast.Attribute) and node.func.attr == "as_posix" and not node.args:
            return self._combine(node, [self.evaluate(node.func.value, scope)], lambda one: one[0].as_posix())
        return self._unknown(node, f"{name or 'a call'} is not evaluated")

    def _environment_read(self, node: ast.Call, scope: Scope) -> Value:
        variable = self.evaluate(node.args[0], scope)
        name = variable.value if isinstance(variable, Known) else "an environment variable"
        if len(node.args) < 2:
            return self._unknown(node, f"{name} is read from the environment, without a default")
        default = self.evaluate(node.args[1], scope)
        if isinstance(default, Unknown):
            return default
        return Known(default.value, default.span, default.leaves, f"the default of {name}")

    def construct(self, node: ast.Call, scope: Scope) -> Constructed | None:
        """The library object that a call makes; None when it does not call a known library."""
        receiver: Constructed | None = None
        name = self.dotted_name(node.func)
        if name is None or name.partition(".")[0] not in self._libraries:
            if not isinstance(node.func, ast.Attribute):
                return None
            owner = self.evaluate(node.func.value, scope)
            if not (isinstance(owner, Known) and isinstance(owner.value, Constructed)):
                return None
            receiver, name = owner.value, f"{owner.value.name}.{node.func.attr}"
        args = tuple(self.evaluate(argument, scope) for argument in node.args)
        return Constructed(name, args, self.keywords(node, scope), receiver)

    def keywords(self, node: ast.Call, scope: Scope) -> dict[str, Value]:
        """Keyword arguments of a call; those of an unpacked dict that can be read are among them."""
        values: dict[str, Value] = {}
        for keyword in node.keywords:
            if keyword.arg is not None:
                values[keyword.arg] = self.evaluate(keyword.value, scope)
            else:
                values.update(self._unpacked(keyword.value, scope))
        return values

    def _unpacked(self, node: ast.expr, scope: Scope) -> dict[str, Value]:
        if isinstance(node, ast.Name):
            found = scope.lookup(node.id)
            if found and len(found[1]) == 1 and isinstance(found[1][0], ast.Dict):
                return self._unpacked(found[1][0], found[0])
        values: dict[str, Value] = {}
        if isinstance(node, ast.Dict):
            for key, item in zip(node.keys, node.values, strict=True):
                if key is None:
                    values.update(self._unpacked(item, scope))
                elif isinstance(key, ast.Constant) and isinstance(key.value, str):
                    values[key.value] = self.evaluate(item, scope)
        return values

    def _combine(self, node: ast.expr, operands: list[Value], make: Callable[[list[Any]], Any]) -> Value:
        known: list[Known] = []
        for operand in operands:
            if isinstance(operand, Unknown):
                return self._unknown(node, operand.reason)
            known.append(operand)
        return self._known(node, make([operand.value for operand in known]), known)

    def _known(self, node: ast.expr, value: Any, parts: list[Known]) -> Known:
        leaves = tuple(leaf for part in parts for leaf in part.leaves)
        assumed = next((part.assumed for part in parts if part.assumed), None)
        return Known(value, self.source.span_of(node), leaves, assumed)

    def _unknown(self, node: ast.expr, reason: str) -> Unknown:
        return Unknown(reason, self.source.span_of(node))


def _arithmetic(function: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    if function is operator.mul and not (isinstance(left, int | float) and isinstance(right, int | float)):
        length = len(left) if hasattr(left, "__len__") else len(right)
        count = right if isinstance(right, int) else left
        if length * count > _MAX_SEQUENCE:
            raise ValueError("the value is too large to compute here")
    return function(left, right)


def _bounded(value: Any) -> Any:
    if hasattr(value, "__len__") and len(value) > _MAX_SEQUENCE:
        raise ValueError("the value is too large to compute here")
    return value
