"""The keyword arguments that a call of the client's API is given, those of an unpacked dict too."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from tminus.check.calls import keyword_name_span
from tminus.check.dicts import Entry, entries_of
from tminus.check.modal_names import Use
from tminus.script import Script, Span


@dataclass(frozen=True, slots=True)
class Argument:
    """A keyword argument.

    Attributes:
        name: Its name.
        value: What it is given.
        span: Where its name stands: in the call, or as the key of the dict that the call unpacks.
        quoted: Whether it stands there as a string literal.
    """

    name: str
    value: ast.expr
    span: Span
    quoted: bool


def arguments_of(script: Script, use: Use) -> Iterator[Argument]:
    """Every keyword argument that can be read, in the call's order."""
    for keyword in use.call.keywords if use.call is not None else ():
        if keyword.arg is not None:
            yield Argument(keyword.arg, keyword.value, keyword_name_span(script, keyword), False)
            continue
        entries: list[Entry] = []
        # What is changed before the call may have lost its keys.
        whole = entries_of(script, keyword.value, use.scope, entries)
        for entry in entries if whole else ():
            if isinstance(entry.key, ast.Constant) and isinstance(entry.key.value, str):
                span = script.source.span_of(entry.key)
                yield Argument(entry.key.value, entry.value, span, True)
