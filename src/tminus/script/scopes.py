"""Names in a script: what imports bind, and what each scope assigns."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tminus.script.evaluate import Evaluator

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef

# Methods that change a list or dict in place; a name on which one is called is read through its history.
CHANGING_METHODS = frozenset(
    {"append", "extend", "update", "insert", "remove", "pop", "clear", "setdefault", "sort", "reverse"}
)


@dataclass(eq=False, repr=False)
class Scope:
    """The assignments of a module, class body or function.

    Attributes:
        assigned: Name to the expressions assigned to it, in order. None stands for something that is
            not an expression (a loop variable, an augmented assignment).
        defaults: Parameter to its default expression, or None without one.
        parent: Enclosing scope, None for the module.
        statements: Its body.
        definitions: Name to the function or class of that name.
        changed: Names of lists and dicts that are changed in place, and ``name.attribute`` of what is set.
        bound: For one call of a function: parameter to the argument and the scope that it is read in.
        home: What reads the file that the scope is in.
        node: The function or class whose body it is; None for the module.
    """

    assigned: dict[str, list[ast.expr | None]] = field(default_factory=dict)
    defaults: dict[str, ast.expr | None] = field(default_factory=dict)
    parent: Scope | None = None
    statements: Sequence[ast.stmt] = ()
    definitions: dict[str, FunctionNode | ast.ClassDef] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    bound: dict[str, tuple[ast.expr, Scope]] = field(default_factory=dict)
    home: Evaluator | None = None
    node: FunctionNode | ast.ClassDef | None = None

    def lookup(self, name: str) -> tuple[Scope, list[ast.expr | None]] | None:
        """The nearest scope that assigns `name`, and what it assigns."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.assigned or name in scope.defaults:
                return scope, scope.assigned.get(name, [])
            if name in scope.definitions:
                return None
            scope = scope.parent
        return None

    def definition(self, name: str) -> tuple[FunctionNode | ast.ClassDef, Scope] | None:
        """The function or class that `name` stands for, and the scope in which it is defined."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.definitions:
                return scope.definitions[name], scope
            if name in scope.assigned or name in scope.defaults:
                return None
            scope = scope.parent
        return None

    @cached_property
    def binders(self) -> dict[int, frozenset[str]]:
        """Statement, by identity, to the names that it binds or changes, inner statements included."""
        found: dict[int, frozenset[str]] = {}
        for statement in self.statements:
            _collect_binders(statement, found)
        return found


def body_nodes(statements: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Every node of the statements, without going into nested functions and classes."""
    pending = list(reversed(statements))
    while pending:
        node = pending.pop()
        yield node
        if isinstance(node, FunctionNode | ast.ClassDef | ast.Lambda):
            continue
        pending.extend(reversed(list(ast.iter_child_nodes(node))))


def scope_of(
    statements: Sequence[ast.stmt],
    parent: Scope | None = None,
    home: Evaluator | None = None,
    node: FunctionNode | ast.ClassDef | None = None,
) -> Scope:
    """The assignments that the statements make in their own scope."""
    home = home or (parent.home if parent is not None else None)
    scope = Scope(parent=parent, statements=statements, home=home, node=node)
    elsewhere: set[str] = set()
    for inner in body_nodes(statements):
        if isinstance(inner, ast.Global | ast.Nonlocal):
            elsewhere.update(inner.names)
        elif isinstance(inner, FunctionNode | ast.ClassDef):
            scope.definitions[inner.name] = inner
            continue
        for name, value in bindings(inner):
            scope.assigned.setdefault(name, []).append(value)
        changed = _changed(inner)
        if changed is not None:
            scope.changed.add(changed)
    if node is not None:
        for name in elsewhere:
            scope.assigned.pop(name, None)
    return scope


def function_scope(function: FunctionNode, parent: Scope) -> Scope:
    """The scope inside a function: its parameters' defaults and its own assignments."""
    scope = scope_of(function.body, parent, node=function)
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    padding: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    for parameter, default in zip(positional, [*padding, *arguments.defaults], strict=True):
        scope.defaults[parameter.arg] = default
    for parameter, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        scope.defaults[parameter.arg] = default
    for rest in (arguments.vararg, arguments.kwarg):
        if rest is not None:
            scope.defaults[rest.arg] = None
    return scope


def call_scope(function: FunctionNode, parent: Scope, call: ast.Call, caller: Scope, skip: int = 0) -> Scope:
    """The scope inside one call of a function: its parameters bound to the call's arguments.

    Args:
        function: What is called.
        parent: The scope in which it is defined.
        call: The call.
        caller: The scope that the call's arguments are read in.
        skip: Parameters that the call does not give (``self``).
    """
    scope = function_scope(function, parent)
    positional = [one.arg for one in (*function.args.posonlyargs, *function.args.args)][skip:]
    for name, given in zip(positional, call.args, strict=False):
        if isinstance(given, ast.Starred):
            break
        scope.bound[name] = (given, caller)
    for keyword in call.keywords:
        if keyword.arg in scope.defaults:
            scope.bound[keyword.arg] = (keyword.value, caller)
    return scope


def bindings(node: ast.AST) -> Iterator[tuple[str, ast.expr | None]]:
    """Names that a node itself binds, with what they are bound to; None where that is no expression."""
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
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name, None


def _target_bindings(target: ast.expr, value: ast.expr | None) -> Iterator[tuple[str, ast.expr | None]]:
    match target, value:
        case ast.Name(id=name), _:
            yield name, value
        case ast.Starred(value=inner), _:
            yield from _target_bindings(inner, None)
        case (
            (ast.Tuple(elts=targets) | ast.List(elts=targets)),
            (ast.Tuple(elts=values) | ast.List(elts=values)),
        ) if len(targets) == len(values) and not any(isinstance(one, ast.Starred) for one in targets):
            for one, its_value in zip(targets, values, strict=True):
                yield from _target_bindings(one, its_value)
        case ((ast.Tuple(elts=targets) | ast.List(elts=targets)), _):
            for one in targets:
                yield from _target_bindings(one, None)


def _changed(node: ast.AST) -> str | None:
    """The name of a list or dict that a node changes in place, or ``name.attribute`` that it sets."""
    match node:
        case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
            return name
        case ast.Attribute(value=ast.Name(id=name), attr=attribute, ctx=ast.Store() | ast.Del()):
            return f"{name}.{attribute}"
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)):
            return name if method in CHANGING_METHODS else None
        case ast.Call(
            func=ast.Name(id="setattr"), args=[ast.Name(id=name), ast.Constant(value=str(attribute)), *_]
        ):
            return f"{name}.{attribute}"
        case ast.Call(func=ast.Name(id="setattr"), args=[ast.Name(id=name), *_]):
            return name
    return None


def _collect_binders(statement: ast.stmt, found: dict[int, frozenset[str]]) -> frozenset[str]:
    names: set[str] = set()
    pending: list[ast.AST] = [statement]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.stmt) and node is not statement:
            if isinstance(node, FunctionNode | ast.ClassDef):
                names.add(node.name)
            else:
                names |= _collect_binders(node, found)
            continue
        names.update(name for name, _ in bindings(node))
        changed = _changed(node)
        if changed is not None:
            names.add(changed)
        if not isinstance(node, FunctionNode | ast.ClassDef | ast.Lambda):
            pending.extend(ast.iter_child_nodes(node))
    found[id(statement)] = frozenset(names)
    return found[id(statement)]


@lru_cache(maxsize=256)
def imported_names(tree: ast.AST) -> dict[str, str]:
    """Local name to full dotted name, for every import anywhere in the file.

    What a relative import binds begins with its dots: ``from .common import app`` gives ``.common.app``.
    """
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname:
                    names[alias.asname] = alias.name
                else:
                    top = alias.name.partition(".")[0]
                    names[top] = top
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            for alias in node.names:
                separator = "" if module.endswith(".") else "."
                names[alias.asname or alias.name] = f"{module}{separator}{alias.name}"
    return names
