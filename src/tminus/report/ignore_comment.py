"""The edit that silences a finding where it is, for editors that offer it beside the fix."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tminus.check import Finding
from tminus.check.suppressions import ignores_in
from tminus.script import Edit, Script, ScriptError, Source, Span


def ignore_edit(finding: Finding, source: Source) -> Edit | None:
    """A comment behind a line of the finding, or its code in the comment that stands there already.

    None where no comment can stand, as within a string or before a backslash, and for findings about comments
    or files that cannot be read.
    """
    if finding.code.startswith("TM0") or finding.span.path != source.path:
        return None
    before = _meaning(source)
    for edit in _edits(finding, source) if before is not None else ():
        if _meaning(Source(source.path, source.edited([edit]))) == before:
            return edit
    return None


def _edits(finding: Finding, source: Source) -> Iterator[Edit]:
    lines = list(dict.fromkeys((finding.span.line, finding.span.end_line)))
    for ignore in ignores_in(source):
        place = ignore.list_span
        if ignore.word == "ignore" and ignore.line in lines and place is not None:
            at = Span(source.path, place.end_line, place.end_column, place.end_line, place.end_column)
            yield Edit(at, f", {finding.code}" if ignore.codes else finding.code)
    for number in lines:
        if number <= len(source.lines):
            text = source.lines[number - 1].rstrip("\r\n")
            end = len(text.rstrip()) + 1
            yield Edit(
                Span(source.path, number, end, number, len(text) + 1), f"  # tminus: ignore[{finding.code}]"
            )


def _meaning(source: Source) -> str | None:
    """What a text means to Python, without places; None where it does not parse."""
    try:
        return ast.dump(Script.parse(source).tree)
    except ScriptError:
        return None
