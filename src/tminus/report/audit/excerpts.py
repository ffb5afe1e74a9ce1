"""Code in a report: the place of a finding, what a fix changes, what an option would look like."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterator
from pathlib import Path

from tminus.check import Finding, Fix
from tminus.check.tokens import masked
from tminus.plan import Option
from tminus.plan.edits import ScriptEdit
from tminus.report.audit.document import Code, CodeLine
from tminus.report.audit.wording import Words
from tminus.report.paths import shown
from tminus.script import Script, Source, Span

# Of a longer place the beginning says what it is.
_MOST_LINES = 8
# Tabs and the marks that turn the direction of a text would show something else than what is there.
_SHOWN = {
    9: "    ",
    **dict.fromkeys((0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)), "\ufffd"),
}


def place(span: Span, words: Words) -> str:
    """Where something is, in words: ``train.py, line 81``."""
    return words("{file}, line {line}", file=shown(span.path), line=str(span.line))


def excerpt(finding: Finding, script: Script, words: Words) -> Code | None:
    """The lines that a finding is about; None where its file cannot be read."""
    span = finding.span
    lines = _lines(span.path, script)
    if span.line > len(lines):
        return None
    last = min(span.end_line, span.line + _MOST_LINES - 1, len(lines))
    numbered = (CodeLine(_clean(lines[n - 1]), n, "!") for n in range(span.line, last + 1))
    return Code(place(span, words), tuple(numbered), "python" if span.path.suffix == ".py" else "text")


def change(fix: Fix, script: Script, words: Words) -> Code | None:
    """What a fix changes, as a diff; None where there is nothing to show."""
    if not fix.edits or any(edit.span.path != script.path for edit in fix.edits):
        return None
    lines = tuple(_differences(script.source, script.source.edited(fix.edits)))
    return Code(words("the change in {file}", file=shown(script.path)), lines, "diff") if lines else None


def _differences(before: Source, edited: str) -> Iterator[CodeLine]:
    after = Source(before.path, edited).lines
    places = 0
    # The first two lines name the files.
    for line in itertools.islice(difflib.unified_diff(before.lines, after, n=1), 2, None):
        if line.startswith("@@"):
            places += 1
            if places > 1:
                yield CodeLine("…")
        else:
            yield CodeLine(_clean(line[1:]), mark=line[0].strip())


def option_change(edit: ScriptEdit, option: Option, words: Words) -> Code | None:
    """What an option changes in the script, as a diff; None where it is all to be done by hand."""
    lines = tuple(_differences(edit.script.source, edit.text))
    label = words("the change in {file} for {option}", file=shown(edit.script.path), option=option.name)
    return Code(label, lines, "diff") if lines else None


def _lines(path: Path, script: Script) -> list[str]:
    if path == script.path:
        return script.source.lines
    try:
        return Source.read(path).lines
    except (OSError, UnicodeDecodeError, SyntaxError):
        return []


def _clean(line: str) -> str:
    return masked(line.rstrip("\r\n")).translate(_SHOWN)
