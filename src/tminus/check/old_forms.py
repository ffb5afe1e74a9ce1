"""Old forms that are neither a name nor an argument: constructors, direct calls, methods of a class."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from tminus.check.client_version import client_version
from tminus.check.finding import Fix, Safety
from tminus.check.images import strings_of
from tminus.check.modal_names import Use, is_app, uses_of_modal
from tminus.facts import Deprecation, Facts
from tminus.script import Edit, ModalFunction, Script, Span
from tminus.script.scopes import FunctionNode, body_nodes

_NO_CONSTRUCTOR = frozenset(
    {
        "modal.Secret", "modal.Volume", "modal.Dict", "modal.Queue", "modal.Image", "modal.NetworkFileSystem",
    }
)  # fmt: skip
_REMOTE = frozenset({"remote", "remote_gen", "spawn", "map", "starmap", "for_each", "spawn_map", "local"})
_INSTALLERS = frozenset({"modal.Image.pip_install", "modal.Image.uv_pip_install"})

# Decorators that are called without arguments as a rule, so that parentheses are all that is missing.
_CALLED = frozenset(
    {
        "modal.App.function", "modal.App.cls", "modal.App.local_entrypoint", "modal.method", "modal.enter",
        "modal.exit", "modal.asgi_app", "modal.wsgi_app", "modal.fastapi_endpoint",
    }
)  # fmt: skip
_WEB_APPS = frozenset({"modal.asgi_app", "modal.wsgi_app"})


@dataclass(frozen=True, slots=True)
class OldForm:
    """An old form, where a script has it.

    Attributes:
        deprecation: What was deprecated.
        span: Where it stands.
        what: The form, in words for a message.
        effect: Which releases of the client do what with it, in words.
        refused: Whether that client refuses it.
        fix: An edit that keeps what the script does; None without one.
    """

    deprecation: Deprecation
    span: Span
    what: str
    effect: str
    refused: bool
    fix: Fix | None = None


def old_forms(script: Script, facts: Facts) -> Iterator[OldForm]:
    """Every such form of a script, in no order."""
    uses = uses_of_modal(script)
    if not uses:
        return
    entries = {entry.id: entry for entry in facts.deprecations}
    version = client_version(script, facts)
    for found in (
        _in_calls(script, uses),
        _on_apps(script),
        _direct_calls(script, uses),
        _in_classes(script),
    ):
        for id, span, what, fix in found:
            entry = entries[id]
            refused = entry.removed_in is None or entry.refused_by(version)
            since = f"modal {entry.removed_in} and later" if entry.removed_in else "all releases of modal"
            effect = f"{since} raise {entry.raises or 'an error'} when the script is imported or run"
            if id == "enter_exit":
                effect = f"{since} do not call it in the container, so what it sets up is not there"
            yield OldForm(entry, span, what, effect, refused, fix)


_Found = tuple[str, Span, str, Fix | None]


def _in_calls(script: Script, uses: tuple[Use, ...]) -> Iterator[_Found]:
    """Constructors, look-ups of methods, options among packages, patterns in paths, missing parentheses."""
    decorators = {
        id(decorator)
        for placed in script.placed
        if isinstance(placed.node, FunctionNode | ast.ClassDef)
        for decorator in placed.node.decorator_list
    }
    for use in uses:
        call = use.call
        if call is None:
            if use.name in _CALLED and id(use.node) in decorators:
                whole = script.source.span_of(use.node)
                end = Span(whole.path, whole.end_line, whole.end_column, whole.end_line, whole.end_column)
                fix = Fix("Call the decorator", (Edit(end, "()"),), Safety.SAFE)
                yield "no_parens", use.span, f"@{ast.unparse(use.node)} without parentheses", fix
            continue
        texts = [str(argument.value) if isinstance(argument, ast.Constant) else "" for argument in call.args]
        if use.name in _NO_CONSTRUCTOR:
            yield "obj_ctor", use.span, f"{use.name}(...)", None
        elif use.name == "modal.Function.from_name" and "." in "".join(texts[1:2]):
            yield "fn_from_name_method", use.span, f'Function.from_name(..., "{texts[1]}")', None
        elif use.name == "modal.Volume.listdir" and "*" in "".join(texts[:1]):
            yield "volume_glob", use.span, "a pattern given to Volume.listdir", None
        elif use.name == "modal.Dict.from_name" and len(call.args) > 1:
            yield "dict_data", use.span, "data given to Dict.from_name", None
        elif use.name in _INSTALLERS:
            for argument in call.args:
                for text in strings_of(script, argument, use.scope):
                    if text is not None and text[0].startswith("-"):
                        what = f'the option "{text[0]}" among the packages'
                        yield "pip_flags", script.source.span_of(text[1]), what, None
                        break


def _on_apps(script: Script) -> Iterator[_Found]:
    """Objects kept on the app: ``stub["image"]``."""
    kept = [
        node
        for node, scope in script.expressions()
        if isinstance(node, ast.Subscript) and is_app(script, node.value, scope)
    ]
    # Where an object is put there, that is what fails; reading it comes later.
    stored = [node for node in kept if isinstance(node.ctx, ast.Store)]
    for node in stored or kept[:1]:
        what = f"{ast.unparse(node)}, an object kept on the app"
        yield "stub_kwargs", script.source.span_of(node), what, None


def _direct_calls(script: Script, uses: tuple[Use, ...]) -> Iterator[_Found]:
    """Calls of a function of the app, and of a method of its class, as if they were the user's own."""
    by_name = {
        function.name: function
        for function in script.functions
        if function.here and script.module.definitions.get(function.name) is function.node
    }
    guarded = any(isinstance(one.node, ast.Try) and _imports_modal(one.node) for one in script.placed)
    if not by_name or guarded:
        return
    of_the_client = {id(use.node) for use in uses}
    for node, scope in script.expressions():
        match node:
            case ast.Call(func=ast.Name(id=name) as callee):
                function = by_name.get(name)
                if function is None or function.kind != "function" or id(callee) in of_the_client:
                    continue
                if scope.definition(name) == (function.node, script.module):
                    what = f"{name}(...), a call of the function itself"
                    yield "f_direct", script.source.span_of(callee), what, None
            case ast.Call(func=ast.Attribute(value=ast.Attribute() as method, attr=last)):
                owner = method.value
                function = by_name.get(owner.id) if isinstance(owner, ast.Name) else None
                if function is None or function.kind != "cls" or last not in _REMOTE:
                    continue
                if method.attr in _methods(function) and scope.lookup(function.name) is None:
                    what = f"{function.name}.{method.attr}.{last}() without an object of the class"
                    yield "cls_uninstantiated", script.source.span_of(owner), what, None


def _imports_modal(node: ast.Try) -> bool:
    return any(
        isinstance(one, ast.Import) and any(alias.name == "modal" for alias in one.names) for one in node.body
    )


def _methods(function: ModalFunction) -> set[str]:
    assert isinstance(function.node, ast.ClassDef)
    return {one.name for one in function.node.body if isinstance(one, FunctionNode) and one.decorator_list}


def _in_classes(script: Script) -> Iterator[_Found]:
    """Methods that Python has for what the client has decorators for; web apps and generators."""
    for function in script.functions:
        if not function.here:
            continue
        node = function.node
        if isinstance(node, ast.ClassDef):
            yield from _of_a_class(script, node)
        else:
            yield from _of_a_function(script, node, skip=0)
            yields = any(isinstance(one, ast.Yield | ast.YieldFrom) for one in body_nodes(node.body))
            if yields and function.argument("retries") is not None:
                yield "gen_retries", function.decorator, "retries= of a generator", None


def _of_a_class(script: Script, node: ast.ClassDef) -> Iterator[_Found]:
    for base in (node, *_bases(script, node)):
        for method in base.body:
            if not isinstance(method, FunctionNode):
                continue
            span = _name_span(script, method)
            undecorated = not method.decorator_list
            if method.name == "__init__":
                inherited = "" if base is node else f", from {base.name},"
                span = span if base is node else _name_span(script, node)
                yield "cls_init", span, f"__init__{inherited} of {node.name}, a class of the app", None
            elif method.name in ("__enter__", "__aenter__") and undecorated and base is node:
                yield "enter_exit", span, f"{method.name} of {node.name}, a class of the app", None
            elif base is node:
                yield from _of_a_function(script, method, skip=1)


def _bases(script: Script, node: ast.ClassDef) -> Iterator[ast.ClassDef]:
    """Classes of this file that a class inherits from."""
    pending, seen = [*node.bases], {node.name}
    while pending:
        base = pending.pop()
        if isinstance(base, ast.Name) and base.id not in seen:
            seen.add(base.id)
            definition = script.module.definitions.get(base.id)
            if isinstance(definition, ast.ClassDef):
                yield definition
                pending += definition.bases


def _of_a_function(script: Script, node: FunctionNode, skip: int) -> Iterator[_Found]:
    arguments = node.args
    parameters = [*arguments.posonlyargs, *arguments.args][skip:] + arguments.kwonlyargs
    if not parameters:
        return
    for decorator in node.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        if script.evaluator.dotted_name(called) in _WEB_APPS:
            what = f"parameters of {node.name}(), which makes a web app"
            yield "asgi_defaults", _name_span(script, node), what, None


def _name_span(script: Script, node: FunctionNode | ast.ClassDef) -> Span:
    whole = script.source.span_of(node)
    keyword = {ast.ClassDef: "class ", ast.FunctionDef: "def "}.get(type(node), "async def ")
    column = whole.column + len(keyword)
    return Span(whole.path, whole.line, column, whole.line, column + len(node.name))
