"""Every use of the client's API in a script, under the full name of what is used."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from tminus.check.once import once
from tminus.script import Script, Span
from tminus.script.app import APP_CLASSES
from tminus.script.scopes import Scope, body_nodes
from tminus.script.tree import walk

# Class methods of the client that give an object of their class.
_MAKERS = ("from_", "ephemeral", "lookup", "persisted", "create", "debian_slim", "micromamba", "conda", "new")

_CLASSES = frozenset(
    {
        "modal.App", "modal.Stub", "modal.Image", "modal.Volume", "modal.Secret", "modal.Dict", "modal.Queue",
        "modal.Function", "modal.Cls", "modal.NetworkFileSystem", "modal.Sandbox", "modal.Environment",
    }
)  # fmt: skip

_CAUGHT = ("AttributeError", "ImportError", "ModuleNotFoundError", "TypeError", "DeprecationError")

_KINDS = {"function": "modal.Function", "cls": "modal.Cls"}


class Use(NamedTuple):
    """A name of the client's API, where a script uses it.

    Attributes:
        name: Full name by class, such as ``modal.Volume.lookup``, also for a method of an object.
        node: The name or attribute.
        span: The last part of the name as written.
        written: The text of that part, for a fix: an alias is written otherwise.
        call: The call, if it is called there.
        scope: Scope of the expression.
        only_imported: Whether it is no more than a name in an import; the node then only says where.
    """

    name: str
    node: ast.Name | ast.Attribute
    span: Span
    written: str
    call: ast.Call | None
    scope: Scope
    only_imported: bool = False


@once
def uses_of_modal(script: Script) -> tuple[Use, ...]:
    """Every use of the client's API that can be told from the text, in order of lines."""
    if not script.functions and not script.evaluator.imports_from("modal"):
        return ()
    calls: dict[int, ast.Call] = {}
    inner: set[int] = set()
    types = _types(script)
    named: list[tuple[ast.Name | ast.Attribute, Scope, str]] = []
    for node, scope in script.expressions():
        if isinstance(node, ast.Call):
            calls[id(node.func)] = node
        elif isinstance(node, (ast.Attribute, ast.Name)):
            name = types.name_of(node, scope)
            if name is not None:
                named.append((node, scope, name))
            if isinstance(node, ast.Attribute):
                inner.add(id(node.value))
    guarded = _guarded_lines(script)
    uses = []
    for node, scope, name in named:
        if node.lineno in guarded or (isinstance(node, ast.Name) and id(node) in inner and name in _CLASSES):
            continue
        whole = script.source.span_of(node)
        written = node.attr if isinstance(node, ast.Attribute) else node.id
        start = whole.end_column - len(written)
        span = Span(whole.path, whole.end_line, start, whole.end_line, whole.end_column)
        uses.append(Use(name, node, span, written, calls.get(id(node)), scope))
    uses += [use for use in _imported_in_vain(script) if use.node.lineno not in guarded]
    return tuple(sorted(uses, key=lambda use: use.span))


def _imported_in_vain(script: Script) -> Iterator[Use]:
    """Names that a script imports from the client and uses nowhere, and its modules: the import may fail."""
    used = {node.id for node, _ in script.expressions() if isinstance(node, ast.Name)}
    for placed in script.placed:
        match placed.node:
            case ast.ImportFrom(module="modal", level=0, names=names):
                unused = (one for one in names if one.name != "*" and (one.asname or one.name) not in used)
                found = [(alias, f"modal.{alias.name}") for alias in unused]
            case ast.Import(names=names):
                found = [(alias, alias.name) for alias in names if alias.name.startswith("modal.")]
            case _:
                continue
        for alias, name in found:
            whole = script.source.span_of(alias)
            span = Span(whole.path, whole.line, whole.column, whole.line, whole.column + len(alias.name))
            node = ast.copy_location(ast.Name(alias.name, ast.Load()), alias)
            yield Use(_as_app(name), node, span, alias.name, None, script.module, True)


def is_app(script: Script, node: ast.expr, scope: Scope) -> bool:
    """Whether an expression is a Modal app that this file makes."""
    return _types(script).of(node, scope) == "modal.App"


_GUARDS = (ast.Try, ast.If, ast.IfExp)


def _guarded_lines(script: Script) -> set[int]:
    """Lines of code that asks first which client it has, or is ready for the other one."""
    lines: set[int] = set()
    for node in (one.node for one in script.placed):
        if not isinstance(node, _GUARDS):
            continue
        begin, end = node.lineno, node.end_lineno or node.lineno
        if isinstance(node, ast.Try):
            caught = " ".join(ast.dump(one.type) for one in node.handlers if one.type is not None)
            if any(f"'{name}'" in caught for name in _CAUGHT):
                end = node.body[-1].end_lineno or begin
                lines.update(range(begin, end + 1))
        else:
            asked = [
                getattr(part, "id", getattr(part, "attr", getattr(part, "value", "")))
                for part in walk(node.test)
            ]
            if "hasattr" in asked or any("version" in one for one in asked if isinstance(one, str)):
                lines.update(range(begin, end + 1))
    return lines


class _Types:
    """Which class of the client an expression is an object of."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._functions = {function.name: function.kind for function in script.functions}
        # Apps from another file, which are known by what they decorate.
        self._apps = {
            ast.unparse(decorator.func.value)
            for function in script.functions
            for decorator in function.node.decorator_list
            if isinstance(decorator, ast.Call)
            and isinstance(decorator.func, ast.Attribute)
            and decorator.func.attr == function.kind
            and script.source.span_of(decorator) == function.decorator
        }
        self._known: dict[int, str | None] = {}

    def of(self, node: ast.expr, scope: Scope) -> str | None:
        """The class that an expression is an object of; None if it is none of the client's, or unknown."""
        return self._type(node, scope, 0)

    def name_of(self, node: ast.Name | ast.Attribute, scope: Scope) -> str | None:
        """The full name of an attribute or imported name of the client; None if it is none."""
        name = self._script.evaluator.dotted_name(node)
        if name is not None and name.startswith("modal.") and self._is_import(node, scope):
            return _as_app(name)
        if isinstance(node, ast.Attribute):
            owner = self._type(node.value, scope, 0)
            if owner is not None:
                return f"{owner}.{node.attr}"
        return None

    def _is_import(self, node: ast.expr, scope: Scope) -> bool:
        while isinstance(node, ast.Attribute):
            node = node.value
        # A variable or a function of the same name hides the import.
        if not isinstance(node, ast.Name) or scope.lookup(node.id) is not None:
            return False
        found = scope.definition(node.id)
        if found is None:
            return True
        definition, where = found
        # A decorator may have the name of what it decorates; the methods of a class hide nothing elsewhere.
        return node.lineno < definition.lineno or isinstance(where.node, ast.ClassDef)

    def _type(self, node: ast.expr, scope: Scope, depth: int) -> str | None:
        if depth > 30:
            return None
        if id(node) not in self._known:
            # A variable that is assigned in terms of itself asks for this again while it is being read.
            self._known[id(node)] = None
            self._known[id(node)] = self._read_type(node, scope, depth)
        return self._known[id(node)]

    def _read_type(self, node: ast.expr, scope: Scope, depth: int) -> str | None:
        match node:
            case ast.Name(id=name):
                found = scope.lookup(name)
                if found is None:
                    return _KINDS.get(self._functions.get(name, "")) or self._as_an_app(node)
                if name in self._script.evaluator.imports and _imports_inside(name, scope, found[0]):
                    return None
                kinds = {
                    self._type(one, found[0], depth + 1) if one is not None else None for one in found[1]
                }
                # Of a variable that is assigned in terms of itself, the first assignment decides.
                kinds = kinds - {None} if len(found[1]) > 1 and kinds - {None} == {"modal.Image"} else kinds
                return kinds.pop() if len(kinds) == 1 else None
            case ast.Attribute():
                return self._as_an_app(node)
            case ast.Call(func=callee):
                called = self._script.evaluator.dotted_name(callee)
                if called in APP_CLASSES:
                    return "modal.App"
                if called is not None and called.startswith("modal."):
                    owner, _, last = _as_app(called).rpartition(".")
                    return owner if owner in _CLASSES and last.startswith(_MAKERS) else None
                if isinstance(callee, ast.Attribute):
                    # Every method of an image that makes a step gives an image.
                    owner_type = self._type(callee.value, scope, depth + 1)
                    return owner_type if owner_type == "modal.Image" and callee.attr != "imports" else None
        return None

    def _as_an_app(self, node: ast.expr) -> str | None:
        return "modal.App" if ast.unparse(node) in self._apps else None


def _imports_inside(name: str, scope: Scope, outer: Scope) -> bool:
    """Whether an import of a function between two scopes hides what the outer one calls by the name."""
    inner: Scope | None = scope
    while inner is not None and inner is not outer:
        for node in body_nodes(inner.statements):
            if isinstance(node, ast.Import | ast.ImportFrom) and any(
                (one.asname or one.name.partition(".")[0]) == name for one in node.names
            ):
                return True
        inner = inner.parent
    return False


@lru_cache(maxsize=16)
def _types(script: Script) -> _Types:
    return _Types(script)


def _as_app(name: str) -> str:
    """The name with ``modal.app.App`` and the like as the client's documentation writes them."""
    for module in ("app", "image", "volume", "secret", "functions", "cls", "gpu"):
        prefix = f"modal.{module}."
        last = name[len(prefix) :]
        if name.startswith(prefix) and last[:1].isupper() and f"modal.{last.partition('.')[0]}" in _CLASSES:
            return f"modal.{last}"
    return name
