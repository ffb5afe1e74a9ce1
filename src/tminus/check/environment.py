"""Where a script sets an environment variable: in an image, in a dict, in the process, in a command."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from tminus.check.calls import keyword_name_span
from tminus.script import Known, Script, Span, Unknown, Value
from tminus.script.scopes import Scope


class Setting(NamedTuple):
    """A place that gives an environment variable a value.

    Attributes:
        name: The variable.
        value: Its value.
        span: Where the name stands.
        literal: Whether the span is a string literal that holds the name and nothing else.
        in_process: Whether it changes this process's own environment (``os.environ``).
    """

    name: str
    value: Value
    span: Span
    literal: bool
    in_process: bool


def required_variable(script: Script, node: ast.AST) -> str | None:
    """The variable that ``os.environ["NAME"]`` reads: unset, that fails. None for other code."""
    match node:
        case ast.Subscript(value=owner, slice=ast.Constant(value=str(name)), ctx=ast.Load()):
            if script.evaluator.dotted_name(owner) == "os.environ":
                return name
    return None


def settings_of(script: Script, names: frozenset[str]) -> Iterator[Setting]:
    """Every place in the script that sets one of the variables, in no order."""
    if not any(name in script.source.text for name in names):
        return
    in_commands = re.compile(rf"\b({'|'.join(sorted(names))})=([^\s\"']+|\"[^\"]*\"|'[^']*')")
    for node, scope in script.expressions():
        match node:
            case ast.Dict(keys=keys, values=values):
                for key, value in zip(keys, values, strict=True):
                    if isinstance(key, ast.Constant) and key.value in names:
                        yield _setting(script, key, value, scope, in_process=False)
            case ast.Call(func=callee, args=arguments, keywords=keywords):
                called = script.evaluator.dotted_name(callee)
                if called in ("os.environ.setdefault", "os.putenv") and len(arguments) == 2:
                    key = arguments[0]
                    if isinstance(key, ast.Constant) and key.value in names:
                        yield _setting(script, key, arguments[1], scope, in_process=True)
                for keyword in keywords:
                    if keyword.arg in names:
                        span = keyword_name_span(script, keyword)
                        given = script.evaluate(keyword.value, scope)
                        yield Setting(keyword.arg or "", given, span, False, False)
            case ast.Constant(value=str(text)) if "=" in text:
                for match in in_commands.finditer(text):
                    value_text = match[2].strip("\"'")
                    span = script.source.span_of(node)
                    read: Value = Known(value_text, span)
                    if "$" in value_text:
                        read = Unknown("the shell expands it", span)
                    yield Setting(match[1], read, span, False, False)
    yield from _assignments(script, names)


def _assignments(script: Script, names: frozenset[str]) -> Iterator[Setting]:
    scopes: dict[int, Scope] | None = None
    for node in (one.node for one in script.placed):
        if not isinstance(node, ast.Assign):
            continue
        for target in node.targets:
            match target:
                case ast.Subscript(value=owner, slice=ast.Constant(value=str(name)) as key) if name in names:
                    if scopes is None:
                        scopes = {id(one): scope for one, scope in script.expressions()}
                    in_process = script.evaluator.dotted_name(owner) == "os.environ"
                    scope = scopes.get(id(node.value), script.module)
                    yield _setting(script, key, node.value, scope, in_process=in_process)


def _setting(script: Script, key: ast.Constant, value: ast.expr, scope: Scope, in_process: bool) -> Setting:
    span = script.source.span_of(key)
    return Setting(str(key.value), script.evaluate(value, scope), span, True, in_process)
