"""Following the arithmetic by which a script derives steps and intervals."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from tminus.lazy import pattern
from tminus.script import Script
from tminus.script.scopes import Scope

GPU_COUNT = pattern(
    r"(?i)^((num|n|total|nb)_?)?(gpus?|devices)(_?(count|per_(node|container|host)))?$"
    r"|^gpu_?(count|num)$|^(world_?size|n_?proc_?per_?node|processes_per_node)$"
)
STEPS = pattern(r"(?i)(^|_)(steps?|interval|save_every|checkpoint_every|updates)($|_)")


class Term(NamedTuple):
    """A name or literal that goes into an expression, and whether it divides."""

    node: ast.expr
    name: str | None
    scope: Scope
    divides: bool


def terms(node: ast.expr, scope: Scope, divides: bool = False, depth: int = 0) -> Iterator[Term]:
    """Every name and literal that goes into an expression, through the constants that it names."""
    match node:
        case ast.BinOp(left=left, op=op, right=right):
            yield from terms(left, scope, divides, depth)
            flips = isinstance(op, ast.Div | ast.FloorDiv)
            yield from terms(right, scope, divides != flips, depth)
        case ast.UnaryOp(operand=operand):
            yield from terms(operand, scope, divides, depth)
        case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value=str(name)), *_]):
            yield Term(node, name, scope, divides)
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            yield Term(node, name, scope, divides)
        case ast.IfExp(body=body, orelse=orelse):
            yield from terms(body, scope, divides, depth)
            yield from terms(orelse, scope, divides, depth)
        case ast.BoolOp(values=values):
            for value in values:
                yield from terms(value, scope, divides, depth)
        case ast.Call(args=arguments):
            for argument in arguments:
                yield from terms(argument, scope, divides, depth)
        case ast.Name(id=name):
            yield Term(node, name, scope, divides)
            found = scope.lookup(name)
            if found and depth < 20 and len(found[1]) == 1 and found[1][0] is not None:
                yield from terms(found[1][0], found[0], divides, depth + 1)
        case ast.Attribute(attr=name):
            yield Term(node, name, scope, divides)
        case ast.Constant():
            yield Term(node, None, scope, divides)


def assignments(script: Script) -> Iterator[tuple[str, ast.expr, Scope]]:
    """Every name with the expression assigned to it, in the module and in its functions."""
    seen: set[int] = set()
    for _, scope in script.expressions():
        if id(scope) in seen:
            continue
        seen.add(id(scope))
        for name, expressions in scope.assigned.items():
            for expression in expressions:
                if expression is not None:
                    yield name, expression, scope
