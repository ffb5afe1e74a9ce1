"""Which places of a script never run one after the other: those in different arms of one statement."""

from __future__ import annotations

import ast

from tminus.script import Script


def exclusive(script: Script, one: ast.AST, other: ast.AST) -> bool:
    """Whether two nodes stand in different arms of an ``if``, ``match`` or ``try``.

    What a ``try`` body assigns counts as not assigned in its handlers: it is what failed as a rule.
    """
    arms = _arms(script, one)
    return any(arms.get(statement, arm) != arm for statement, arm in _arms(script, other).items())


def _arms(script: Script, node: ast.AST) -> dict[int, int]:
    """Every statement with arms around a node, by identity, and which of its arms the node is in."""
    found: dict[int, int] = {}
    inner, outer = node, script.parents.get(id(node))
    while outer is not None:
        match outer:
            case ast.If(body=body, orelse=orelse):
                found[id(outer)] = _index(inner, (body, orelse))
            case ast.Try(body=body, handlers=handlers, orelse=orelse):
                # What follows the body without a failure is in its arm.
                found[id(outer)] = _index(inner, ([*body, *orelse], *([handler] for handler in handlers)))
            case ast.Match(cases=cases):
                found[id(outer)] = _index(inner, tuple([case] for case in cases))
        inner, outer = outer, script.parents.get(id(outer))
    return {statement: arm for statement, arm in found.items() if arm >= 0}


def _index(
    node: ast.AST, arms: tuple[list[ast.stmt] | list[ast.ExceptHandler] | list[ast.match_case], ...]
) -> int:
    """The arm that holds a node; -1 for a test, or for ``finally``, which comes after every arm."""
    return next((index for index, arm in enumerate(arms) if any(part is node for part in arm)), -1)
