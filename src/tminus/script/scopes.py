"""Names in a script: what imports bind, and what each scope assigns."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from tminus.script.tree import children, walk

if TYPE_CHECKING:
    from tminus.script.evaluate import Evaluator

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef

# Methods that change a list or dict in place; a name on which one is called is read through its history.
CHANGING_METHODS = frozenset(
    {"append", "extend", "update", "insert", "remove", "pop", "clear", "setdefault", "sort", "reverse"}
)

# Nodes whose inside has a scope of its own.
_ENCLOSING = frozenset({ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda})

# Nodes that say something of a scope's names; all others are passed over.
_CHANGING = frozenset({ast.Subscript, ast.Attribute, ast.Call})
_TELLING = _CHANGING | {
    ast.Assign, ast.AnnAssign, ast.AugAssign, ast.NamedExpr, ast.For, ast.AsyncFor, ast.comprehension,
    ast.withitem, ast.ExceptHandler, ast.MatchAs, ast.MatchStar, ast.Global, ast.Nonlocal, ast.FunctionDef,
    ast.AsyncFunctionDef, ast.ClassDef, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
    ast.Delete,
}  # fmt: skip


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
        inner: Scopes of functions and classes that are defined in it, by the identity of their nodes.
        plain: For the scope of one call: the function's scope without the call.
        called: For the scope of one call: the call, and the scope that it stands in.
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
    inner: dict[int, Scope] = field(default_factory=dict)
    plain: Scope | None = None
    called: tuple[ast.Call, Scope] | None = None

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
    def shared(self) -> frozenset[str]:
        """Names of what another name of the scope stands for too, where one of them is changed in place."""
        groups: dict[str, set[str]] = {}
        for name, values in self.assigned.items():
            for value in values:
                if isinstance(value, ast.Name):
                    together = groups.get(name, {name}) | groups.get(value.id, {value.id})
                    groups.update(dict.fromkeys(together, together))
        return frozenset(name for name, group in groups.items() if group & self.changed)

    @cached_property
    def binders(self) -> dict[int, frozenset[str]]:
        """Statement, by identity, to the names that it binds or changes, inner statements included."""
        if self.plain is not None:
            return self.plain.binders
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
        if type(node) in _ENCLOSING:
            continue
        pending += reversed(children(node))


def module_scope(statements: Sequence[ast.stmt], home: Evaluator | None = None) -> Scope:
    """The assignments that a module makes in its own scope."""
    return _scope_of(statements, None, home, None)


def class_scope(node: ast.ClassDef, parent: Scope) -> Scope:
    """The scope of a class's body; the same one every time."""
    return _inner(node, parent)


def function_scope(function: FunctionNode, parent: Scope) -> Scope:
    """The scope inside a function, its parameters' defaults among its names; the same one every time."""
    return _inner(function, parent)


def _inner(node: FunctionNode | ast.ClassDef, parent: Scope) -> Scope:
    scope = parent.inner.get(id(node))
    if scope is None:
        if parent.plain is not None:
            scope = _under(_inner(node, parent.plain), parent)
        else:
            scope = _scope_of(node.body, parent, parent.home, node)
            if isinstance(node, FunctionNode):
                scope.defaults.update(_defaults(node))
        parent.inner[id(node)] = scope
    return scope


def _under(scope: Scope, parent: Scope | None) -> Scope:
    """The same names, seen from another enclosing scope."""
    return replace(scope, parent=parent, bound={}, inner={}, plain=scope.plain or scope)


def _scope_of(
    statements: Sequence[ast.stmt],
    parent: Scope | None,
    home: Evaluator | None,
    node: FunctionNode | ast.ClassDef | None,
) -> Scope:
    scope = Scope(parent=parent, statements=statements, home=home, node=node)
    elsewhere: set[str] = set()
    for inner in body_nodes(statements):
        kind = type(inner)
        if kind not in _TELLING:
            continue
        if isinstance(inner, ast.Global | ast.Nonlocal):
            elsewhere.update(inner.names)
        elif isinstance(inner, FunctionNode | ast.ClassDef):
            scope.definitions[inner.name] = inner
        elif kind in _CHANGING:
            changed = _changed(inner)
            if changed is not None:
                scope.changed.add(changed)
        else:
            for name, value in bindings(inner):
                scope.assigned.setdefault(name, []).append(value)
    if node is not None:
        for name in elsewhere:
            scope.assigned.pop(name, None)
    return scope


def _defaults(function: FunctionNode) -> Iterator[tuple[str, ast.expr | None]]:
    """Every parameter with its default; None without one."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    padding: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    for parameter, default in zip(positional, [*padding, *arguments.defaults], strict=True):
        yield parameter.arg, default
    for parameter, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield parameter.arg, default
    for rest in (arguments.vararg, arguments.kwarg):
        if rest is not None:
            yield rest.arg, None


def call_scope(function: FunctionNode, parent: Scope, call: ast.Call, caller: Scope, skip: int = 0) -> Scope:
    """The scope inside one call of a function: its parameters bound to the call's arguments.

    Args:
        function: What is called.
        parent: The scope in which it is defined.
        call: The call.
        caller: The scope that the call's arguments are read in.
        skip: Parameters that the call does not give (``self``).
    """
    scope = _under(function_scope(function, parent), parent)
    scope.called = (call, caller)
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
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            # What `:=` binds in there is of the rounds.
            yield from ((one.target.id, None) for one in walk(node) if isinstance(one, ast.NamedExpr))
        case ast.withitem(optional_vars=target) if target is not None:
            yield from _target_bindings(target, None)
        case ast.Delete(targets=targets):
            for target in targets:
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
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)):
            return name if method in CHANGING_METHODS else None
    found = set_attribute(node)
    return found.removesuffix(".") if found is not None else None


def set_attribute(node: ast.AST) -> str | None:
    """The ``name.attribute`` that a node sets; ``name.`` where it does not say which attribute."""
    match node:
        case ast.Attribute(value=ast.Name(id=name), attr=attribute, ctx=ast.Store() | ast.Del()):
            return f"{name}.{attribute}"
        case ast.Call(
            func=ast.Name(id="setattr"), args=[ast.Name(id=name), ast.Constant(value=str(attribute)), *_]
        ):
            return f"{name}.{attribute}"
        case ast.Call(func=ast.Name(id="setattr"), args=[ast.Name(id=name), *_]):
            return f"{name}."
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
        kind = type(node)
        if kind in _CHANGING:
            changed = _changed(node)
            if changed is not None:
                names.add(changed)
        elif kind in _TELLING:
            names.update(name for name, _ in bindings(node))
        if kind not in _ENCLOSING:
            pending += children(node)
    found[id(statement)] = frozenset(names)
    return found[id(statement)]
