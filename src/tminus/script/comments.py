"""The comments of a script: what follows a ``#`` that stands in no string."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator

from tminus.script.source import Source
from tminus.script.tree import children

Comment = tuple[int, int, str]
"""Line and column, counted from 1, and the text from the ``#`` on."""


def comments(source: Source, tree: ast.Module) -> Iterator[Comment]:
    """Every comment, in order of lines.

    The syntax tree says where the strings are, which is quicker than to take the text apart again. A string
    in several pieces can have a comment between them: such a file is left to the tokenizer.
    """
    marked = {number for number, line in enumerate(source.lines, start=1) if "#" in line}
    if not marked:
        return
    strings = _strings(source, tree, marked)
    if strings is None:
        yield from _tokenized(source)
        return
    for number in sorted(marked):
        line = source.lines[number - 1].rstrip("\r\n")
        start = line.find("#")
        for first, end in sorted(strings.get(number, ())):
            if first <= start < end:
                start = line.find("#", end)
        if start >= 0:
            yield number, start + 1, line[start:]


def _strings(source: Source, tree: ast.Module, marked: set[int]) -> dict[int, list[tuple[int, int]]] | None:
    """Line to the stretches of strings on it, columns from 0; None if a string is in several pieces."""
    found: dict[int, list[tuple[int, int]]] = {}
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if not isinstance(node, ast.JoinedStr) and not (
            isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
        ):
            pending += children(node)
            continue
        span = source.span_of(node)
        lines = range(span.line, span.end_line + 1)
        if marked.isdisjoint(lines):
            continue
        if len(lines) > 1 and not _in_one_piece(source.slice(span)):
            return None
        for number in lines:
            first = span.column - 1 if number == span.line else 0
            end = span.end_column - 1 if number == span.end_line else len(source.lines[number - 1])
            found.setdefault(number, []).append((first, end))
    return found


def _in_one_piece(text: str) -> bool:
    """Whether a string that goes over several lines is one literal with three quotes at its ends."""
    quotes = text.lstrip("rRbBuUfF")[:3]
    return quotes in ('"""', "'''") and text.endswith(quotes) and text.count(quotes) == 2


def _tokenized(source: Source) -> Iterator[Comment]:
    try:
        for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.start[1] + 1, token.string
    except (tokenize.TokenError, SyntaxError):
        # The parser accepted the file; the tokenizer of the standard library is stricter in rare cases.
        return
