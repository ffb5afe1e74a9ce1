"""Edits to calls, and questions about how a call was written, that several rules share."""

from __future__ import annotations

import ast

from tminus.script import Edit, Known, Script, Span, Value


def passes_everything_visibly(node: ast.Call) -> bool:
    """Whether a call has neither ``*args`` nor ``**kwargs``: what it leaves out is really left out."""
    return not any(isinstance(argument, ast.Starred) for argument in node.args) and all(
        keyword.arg is not None for keyword in node.keywords
    )


def keyword_of(node: ast.Call, name: str) -> ast.keyword | None:
    """The keyword argument of that name."""
    return next((keyword for keyword in node.keywords if keyword.arg == name), None)


def keyword_name_span(script: Script, keyword: ast.keyword) -> Span:
    """The span of a keyword argument's name alone."""
    whole = script.source.span_of(keyword)
    return Span(whole.path, whole.line, whole.column, whole.line, whole.column + len(keyword.arg or ""))


def add_keyword(script: Script, node: ast.Call, text: str) -> Edit | None:
    """An edit that appends ``text`` (``name=value``) to a call's arguments; None without any argument."""
    arguments: list[ast.AST] = [*node.args, *node.keywords]
    if not arguments:
        return None
    written = max(script.source.span_of(argument) for argument in arguments)
    end = Span(written.path, written.end_line, written.end_column, written.end_line, written.end_column)
    return Edit(end, f", {text}")


def is_true(value: Value | None) -> bool:
    """Whether a value is known to be ``True``."""
    return isinstance(value, Known) and value.value is True


def text_of(value: Value | None) -> str | None:
    """The text of a string that could be read, else None."""
    return value.value if isinstance(value, Known) and isinstance(value.value, str) else None
