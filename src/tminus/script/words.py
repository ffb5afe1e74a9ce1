"""Reading commands as far as they can be read: words and text, with gaps for what is not known."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import product

from tminus.script.evaluate import Evaluator
from tminus.script.flow import reaching, returns
from tminus.script.objects import FunctionObject
from tminus.script.operators import MAX_SEQUENCE
from tminus.script.scopes import FunctionNode, Scope, call_scope
from tminus.script.values import Known, possible

GAP = "\0"
"""Stands for text, or for any number of words, that could not be read."""

Command = str | tuple[str, ...]
"""A line for a shell, or words."""

_MAX_WAYS = 8
_MAX_DEPTH = 24

_SAME_TEXT = frozenset({"strip", "lstrip", "rstrip", "expandtabs"})


@dataclass
class Reader:
    """Reads expressions to commands.

    Attributes:
        parameters: Parameters of functions that it came to and that no call was bound to.
    """

    evaluator: Evaluator
    parameters: set[tuple[FunctionNode, str]] = field(default_factory=set)
    depth: int = 0

    def read(self, node: ast.expr, scope: Scope) -> list[Command]:
        """Everything that an expression can be, at most a few ways; a gap alone where nothing can be read."""
        if self.depth >= _MAX_DEPTH:
            return [GAP]
        self.depth += 1
        try:
            return _distinct(self._read(node, scope))
        finally:
            self.depth -= 1

    def _read(self, node: ast.expr, scope: Scope) -> list[Command]:
        evaluator = scope.home or self.evaluator
        value = evaluator.evaluate(node, scope)
        ways = [_as_command(one.value.value) for one in possible(value)]
        if ways and all(way is not None for way in ways):
            return [way for way in ways if way is not None]
        match node:
            case ast.JoinedStr(values=pieces):
                return _joined([self.read(piece, scope) for piece in pieces])
            case ast.FormattedValue(value=inner):
                return [_text(way) for way in self.read(inner, scope)]
            case ast.List(elts=items) | ast.Tuple(elts=items):
                return self._listed(items, scope)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return _added(self.read(left, scope), self.read(right, scope))
            case ast.BinOp(left=left, op=ast.Mod()):
                return [GAP if isinstance(way, tuple) else _gaps(way) for way in self.read(left, scope)]
            case ast.IfExp(body=body, orelse=orelse):
                return [*self.read(body, scope), *self.read(orelse, scope)]
            case ast.BoolOp(values=values):
                return [way for one in values for way in self.read(one, scope)]
            case ast.Name():
                return self._named(node, scope)
            case ast.ListComp() | ast.GeneratorExp():
                return [(GAP,)]
            case ast.Call():
                return self._called(node, scope)
            case ast.Await(value=inner) | ast.Starred(value=inner):
                return self.read(inner, scope)
        return [GAP]

    def _listed(self, items: list[ast.expr], scope: Scope) -> list[Command]:
        parts: list[list[Command]] = []
        for item in items:
            ways = self.read(item, scope)
            if isinstance(item, ast.Starred):
                parts.append([way if isinstance(way, tuple) else (GAP,) for way in ways])
            else:
                parts.append([(_text(way),) for way in ways])
        return _added(*parts) if parts else [()]

    def _named(self, node: ast.Name, scope: Scope) -> list[Command]:
        found = scope.lookup(node.id)
        if found is None:
            return [GAP]
        owner, _ = found
        ways = reaching(owner, node.id, node if owner is scope else None)
        read: list[Command] = []
        for definition in ways.definitions:
            if definition.node is None or definition.each:
                read.append(GAP)
            else:
                read += self.read(definition.node, owner)
        if ways.initial and node.id in owner.defaults:
            read += self._parameter(node.id, owner)
        return read or [GAP]

    def _parameter(self, name: str, owner: Scope) -> list[Command]:
        if name in owner.bound:
            expression, caller = owner.bound[name]
            return self.read(expression, caller)
        default = owner.defaults[name]
        if isinstance(owner.node, FunctionNode):
            self.parameters.add((owner.node, name))
        return self.read(default, owner.parent or owner) if default is not None else [GAP]

    def _called(self, node: ast.Call, scope: Scope) -> list[Command]:
        evaluator = scope.home or self.evaluator
        name = evaluator.dotted_name(node.func)
        if name in ("shlex.join", "textwrap.dedent", "str", "list", "tuple") and node.args:
            ways = self.read(node.args[0], scope)
            return [_line(way) if name == "shlex.join" else way for way in ways]
        if name == "shlex.split" and node.args:
            return [tuple(_text(way).split()) for way in self.read(node.args[0], scope)]
        match node:
            case ast.Call(func=ast.Attribute(value=separator, attr="join"), args=[items]):
                between = evaluator.evaluate(separator, scope)
                if isinstance(between, Known) and isinstance(between.value, str):
                    ways = self.read(items, scope)
                    return [between.value.join(way) if isinstance(way, tuple) else GAP for way in ways]
            case ast.Call(func=ast.Attribute(value=inner, attr="split"), args=[]):
                return [tuple(_text(way).split()) for way in self.read(inner, scope)]
            case ast.Call(func=ast.Attribute(value=inner, attr="format")):
                return [GAP if isinstance(way, tuple) else _gaps(way) for way in self.read(inner, scope)]
            case ast.Call(func=ast.Attribute(value=inner, attr=method)) if method in _SAME_TEXT | {"copy"}:
                return self.read(inner, scope)
        return self._own(node, scope)

    def _own(self, node: ast.Call, scope: Scope) -> list[Command]:
        """What a function of the script returns."""
        evaluator = scope.home or self.evaluator
        if evaluator.calls_a_library(node.func) or not isinstance(node.func, ast.Name | ast.Attribute):
            return [GAP]
        callee = evaluator.evaluate(node.func, scope)
        if not (isinstance(callee, Known) and isinstance(callee.value, FunctionObject)):
            return [GAP]
        function = callee.value
        inside = call_scope(function.node, function.scope, node, scope, function.skip)
        read: list[Command] = []
        for definition in returns(function.node) or ():
            read += self.read(definition.node, inside) if definition.node is not None else [GAP]
        return read or [GAP]


def _as_command(value: object) -> Command | None:
    match value:
        case str():
            return value
        case bool() | int() | float():
            return str(value)
        case list() | tuple():
            words = [_as_command(item) for item in value]
            return tuple(_text(word) if word is not None else GAP for word in words)
        case None:
            return GAP
    return str(value) if hasattr(value, "as_posix") else None


def _text(way: Command) -> str:
    return _line(way) if isinstance(way, tuple) else way


def _line(words: Command) -> str:
    return " ".join(words) if isinstance(words, tuple) else words


def _joined(parts: list[list[Command]]) -> list[Command]:
    ways: list[Command] = [""]
    for part in parts:
        longer: list[Command] = [_text(way) + _text(more) for way, more in product(ways, part[:_MAX_WAYS])]
        ways = longer[:_MAX_WAYS]
    return ways


def _added(*parts: list[Command]) -> list[Command]:
    """Every way of putting one of each part after the other: lists to a list, text to text."""
    ways = list(parts[0])
    for part in parts[1:]:
        longer: list[Command] = []
        for way, more in product(ways[:_MAX_WAYS], part[:_MAX_WAYS]):
            if isinstance(way, str) and isinstance(more, str):
                longer.append(way + more)
            else:
                longer.append((*_as_words(way), *_as_words(more)))
        ways = longer[:_MAX_WAYS]
    return ways


def _as_words(way: Command) -> tuple[str, ...]:
    return way if isinstance(way, tuple) else (GAP,)


def _gaps(template: str) -> str:
    """A template with its fields as gaps."""
    text, deep = "", 0
    for character in template:
        deep += character == "{"
        if not deep:
            text += character
        elif character == "}":
            deep -= 1
            text += GAP
    return text


def _distinct(ways: Iterable[Command]) -> list[Command]:
    kept = [way[:MAX_SEQUENCE] for way in dict.fromkeys(ways)]
    return kept[:_MAX_WAYS] or [GAP]
