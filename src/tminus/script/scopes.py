"""Names in a script: what imports bind, and what each scope assigns."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Scope:
    """The assignments of a module, class body or function.

    Attributes:
        assigned: Name to the expressions assigned to it, in order. None stands for something that is
            not an expression (a loop variable, an augmented assignment).
        defaults: Parameter to its default expression, or None without one.
        parent: Enclosing scope, None for the module.
    """

    assigned: dict[str, list[ast.expr | None]] = field(default_factory=dict)
    defaults: dict[str, ast.expr | None] = field(default_factory=dict)
    parent: Scope | None = None

    def lookup(self, name: str) -> tuple[Scope, list[ast.expr | None]] | None:
        """The nearest scope that assigns `name`, and what it assigns."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.assigned or name in scope.defaults:
                return scope, scope.assigned.get(name, [])
            scope = scope.parent
        return None


def body_nodes(statements: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Every node of the statements, without going into nested functions and classes."""
    pending = list(reversed(statements))
    while pending:
        node = pending.pop()
        yield node
        if isinstance(node, FunctionNode | ast.ClassDef | ast.Lambda):
            continue
        pending.extend(reversed(list(ast.iter_child_nodes(node))))


def scope_of(statements: Sequence[ast.stmt], parent: Scope | None = None) -> Scope:
    """The assignments that the statements make in their own scope."""
    scope = Scope(parent=parent)
    for node in body_nodes(statements):
        for name, value in _bindings(node):
            scope.assigned.setdefault(name, []).append(value)
    return scope


def function_scope(function: FunctionNode, parent: Scope) -> Scope:
    """The scope inside a function: its parameters' defaults and its own assignments."""
    scope = scope_of(function.body, parent)
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    padding: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    for parameter, default in zip(positional, [*padding, *arguments.defaults], strict=True):
        scope.defaults[parameter.arg] = default
    for parameter, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        scope.defaults[parameter.arg] = default
    return scope


def _bindings(node: ast.AST) -> Iterator[tuple[str, ast.expr | None]]:
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _target_bindings(target, value)
        case ast.AnnAssign(target=ast.Name(id=name), value=value) if value is not None:
            yield name, value
        case ast.AugAssign(target=ast.Name(id=name)):
            yield name, None
        case ast.NamedExpr(target=ast.Name(id=name), value=value):
            yield name, value
        case ast.For(target=target) | ast.AsyncFor(target=target) | ast.comprehension(target=target):
            yield from _target_bindings(target, None)
        case ast.withitem(optional_vars=target) if target is not None:
            yield from _target_bindings(target, None)


def _target_bindings(target: ast.expr, value: ast.expr | None) -> Iterator[tuple[str, ast.expr | None]]:
    match target, value:
        case ast.Name(id=name), _:
            yield name, value
        case (
            (ast.Tuple(elts=targets) | ast.List(elts=targets)),
            (ast.Tuple(elts=values) | ast.List(elts=values)),
        ):
            if len(targets) == len(values):
                for one, its_value in zip(targets, values, strict=True):
                    yield from _target_bindings(one, its_value)
        case ((ast.Tuple(elts=targets) | ast.List(elts=targets)), _):
            for one in targets:
                yield from _target_bindings(one, None)


def imported_names(tree: ast.AST) -> dict[str, str]:
    """Local name to full dotted name, for every import anywhere in the file."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname:
                    names[alias.asname] = alias.name
                else:
                    top = alias.name.partition(".")[0]
                    names[top] = top
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names
