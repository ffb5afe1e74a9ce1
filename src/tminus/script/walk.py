"""Every node of a script with the scope that it is evaluated in and the function that it runs in."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from tminus.script.scopes import FunctionNode, Scope, class_scope, function_scope
from tminus.script.tree import children

# Real files stay under 70 levels (10,000 files of the standard library and of public packages were measured).
MAX_NESTING = 150


class Placed(NamedTuple):
    """A syntax node in its place.

    Attributes:
        node: The node.
        scope: The scope that it is evaluated in.
        within: The innermost function or class in whose body it stands; None in the module's.
    """

    node: ast.AST
    scope: Scope
    within: FunctionNode | ast.ClassDef | None


# Asked of every node: a union of types would be made anew each time.
_PLACED = (ast.expr, ast.stmt)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def placed_nodes(tree: ast.Module, module: Scope) -> Iterator[Placed]:
    """Every statement and expression of a module, outer ones first."""
    pending: list[tuple[ast.AST, Scope, FunctionNode | ast.ClassDef | None]] = [
        (node, module, None) for node in reversed(tree.body)
    ]
    while pending:
        node, scope, within = pending.pop()
        if isinstance(node, _PLACED):
            yield Placed(node, scope, within)
        inside = children(node)
        if isinstance(node, _DEFINITIONS):
            inner = (
                function_scope(node, scope) if isinstance(node, FunctionNode) else class_scope(node, scope)
            )
            body = {id(statement) for statement in node.body}
            pending.extend(
                (child, inner, node) if id(child) in body else (child, scope, within)
                for child in reversed(inside)
            )
        else:
            pending.extend((child, scope, within) for child in reversed(inside))
