"""A finding as a block of text: its place underlined in the source, what is wrong, and what a fix changes."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tminus.check import Finding, Fix, Safety, Severity
from tminus.check.tokens import masked
from tminus.facts import Fact
from tminus.report.fact_value import shown_value
from tminus.report.findings_outcome import Outcome
from tminus.report.paths import shown
from tminus.report.style import Style
from tminus.script import Edit, Source, Span

_FLAGS = {Safety.SAFE: "--fix", Safety.UNSAFE: "--fix --unsafe-fixes", Safety.DISPLAY: "by hand"}
# Of a place in more lines, and of a fix in more, the middle is left out.
_MOST_LINES, _MOST_CHANGES = 8, 12
_NARROW = 72
# Longer values, such as lists of options, are left to `tminus facts show`.
_MOST_SAID = 80
# A space at which no line ends; it is printed as an ordinary one.
_UNBROKEN = "\u00a0"
# What would move a terminal's cursor or turn the direction of the text: it is shown as a mark of its own.
_CONTROL = {number: 0x2400 + number for number in range(32)} | {9: 0x20, 127: 0x2421}
_BIDIRECTIONAL = dict.fromkeys((0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)), 0xFFFD)
_SHOWN = _CONTROL | dict.fromkeys(range(0x80, 0xA0), 0xFFFD) | _BIDIRECTIONAL


def block(finding: Finding, outcome: Outcome, style: Style) -> str:
    """The lines of a finding, with a blank one at the end."""
    span, fix = finding.span, finding.fix
    lines = outcome.lines(span.path)
    changes = _changes(fix, outcome) if fix is not None else []
    last = max([min(span.end_line, len(lines)), span.line, *(one.line for one in changes)])
    gutter = " " * len(str(last))
    mark = " [*]" if finding.fixable else ""
    found = [
        f"{coloured(finding.severity, finding.code, style)}{mark} {style.bold(finding.name)}",
        f"{gutter}{style.blue('-->')} {shown(span.path)}:{span.line}:{span.column}",
        f"{gutter} {style.dim('|')}",
        *_excerpt(span, lines, gutter, finding.severity, style),
        *_note(finding.severity.value, finding.message, gutter, style),
    ]
    if finding.source is not None:
        found += _note("source", _source(finding.source), gutter, style)
        for other in finding.source.conflicts:
            found += _note("against", f"{other.source}, as of {other.as_of}: {other.says}", gutter, style)
    if finding.advice:
        found += _note("help", finding.advice, gutter, style)
    if fix is not None:
        found += _note("fix", f"{fix.title} ({_FLAGS[fix.safety]})", gutter, style)
        found += _changed(changes, len(gutter), style)
    return "\n".join([*found, ""])


def coloured(severity: Severity, text: str, style: Style) -> str:
    """A text in the colour of a severity."""
    match severity:
        case Severity.ERROR:
            return style.red(text)
        case Severity.WARNING:
            return style.yellow(text)
    return style.bold(text)


def printable(text: str) -> str:
    """A text without characters that a terminal obeys; each stays one character."""
    return text.translate(_SHOWN)


def _excerpt(
    span: Span, lines: Sequence[str], gutter: str, severity: Severity, style: Style
) -> Iterator[str]:
    if span.line > len(lines):
        return
    if span.end_line > span.line:
        yield from _several(span, lines, gutter, severity, style)
        return
    text = _line(lines, span.line)
    room = style.columns - len(gutter) - 3
    shift, text = _clipped(text, span.column - 1, room)
    start = span.column - 1 - shift
    carets = "^" * max(1, _width(text[start : start + max(1, span.end_column - span.column)]))
    yield _numbered(span.line, "|", text, len(gutter), style)
    yield f"{gutter} {style.dim('|')} {' ' * _width(text[:start])}{coloured(severity, carets, style)}"


def _several(
    span: Span, lines: Sequence[str], gutter: str, severity: Severity, style: Style
) -> Iterator[str]:
    """The lines of a place in several, with a bar along them, as compilers draw it."""
    numbers = list(range(span.line, min(span.end_line, len(lines)) + 1))
    room = style.columns - len(gutter) - 5
    left_out = numbers[_MOST_LINES - 2 : -1] if len(numbers) > _MOST_LINES else []
    for number in numbers:
        if left_out and number == left_out[0]:
            yield f"{gutter} {style.dim('|')} {coloured(severity, '|', style)} ..."
        if number not in left_out:
            bar = coloured(severity, "/" if number == span.line else "|", style)
            yield _numbered(number, "|", f"{bar} {_cut(_line(lines, number), room)}", len(gutter), style)
    end = min(_width(_line(lines, numbers[-1])[: span.end_column - 1]), room)
    yield f"{gutter} {style.dim('|')} {coloured(severity, '|' + '_' * end + '^', style)}"


def _line(lines: Sequence[str], number: int) -> str:
    return printable(masked(lines[number - 1].rstrip("\r\n")))


def _numbered(number: int, mark: str, text: str, width: int, style: Style) -> str:
    return f"{style.dim(str(number).rjust(width))} {style.dim(mark)} {text}"


def _clipped(text: str, at: int, room: int) -> tuple[int, str]:
    """A line cut so that it fits and shows a column, and by how much its columns moved to the left."""
    if _width(text) <= room:
        return 0, text
    start = max(0, at - room // 3)
    # Short of the place, nothing is gained by cutting the beginning.
    if start < 8:
        return 0, _cut(text, room)
    return start - 1, "…" + _cut(text[start:], room - 1)


def _cut(text: str, room: int) -> str:
    if _width(text) <= room:
        return text
    while text and _width(text) > room - 1:
        text = text[: min(len(text) - 1, max(1, room - 1))]
    return f"{text}…"


def _width(text: str) -> int:
    """Columns that a text takes on a terminal: East Asian letters and emoji two, combining marks none."""
    if text.isascii():
        return len(text)
    import unicodedata  # few lines need it

    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1
        for one in text
    )


def _note(label: str, text: str, gutter: str, style: Style) -> list[str]:
    head = f"{gutter} = {label}: "
    # On a narrow terminal there is no room to go on below the first word.
    indent = " " * (len(head) if style.columns >= _NARROW else len(gutter) + 3)
    first, *rest = textwrap.wrap(
        head + printable(text), style.text_columns, subsequent_indent=indent,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    marked = f"{gutter} {style.dim('=')} {style.bold(label)}: {first[len(head) :]}"
    return [line.replace(_UNBROKEN, " ") for line in (marked, *rest)]


def _source(fact: Fact) -> str:
    """Where a fact is from, and what it says where that is short."""
    says = f"{fact.id} = {shown_value(fact)}"
    parts = [f"{fact.source},", f"as of {fact.as_of}"]
    if len(says) <= _MOST_SAID:
        parts.append(f"({says})")
    return " ".join(part.replace(" ", _UNBROKEN) for part in parts)


class _Change(NamedTuple):
    """A line that a fix takes away or adds, and the column (from 0) at which it differs."""

    line: int
    sign: str
    text: str
    column: int


def _changes(fix: Fix, outcome: Outcome) -> list[_Change]:
    """Lines that a fix takes away and adds; none where the file is not at hand."""
    if not fix.edits:
        return []
    source = outcome.source(fix.edits[0].span.path)
    if source is None or any(edit.span.path != source.path for edit in fix.edits):
        return []
    found: list[_Change] = []
    moved = 0
    for group in _neighbours(fix.edits):
        first, last = group[0].span.line, max(edit.span.end_line for edit in group)
        after = Source(source.path, source.edited(group)).lines
        grown = len(after) - len(source.lines)
        old, new = source.lines[first - 1 : last], after[first - 1 : last + grown]
        start, end = _alike(old, new)
        old, new = old[start : len(old) - end], new[start : len(new) - end]
        # Of a long line the part is shown in which it differs from its new form.
        columns = [_common(*pair) for pair in zip(old, new, strict=True)] if len(old) == len(new) else []
        for sign, line, lines in (("-", first + start, old), ("+", first + start + moved, new)):
            found += [
                _Change(line + number, sign, text, columns[number] if columns else 0)
                for number, text in enumerate(lines)
            ]
        moved += grown
    return found


def _neighbours(edits: Sequence[Edit]) -> Iterator[list[Edit]]:
    """Edits that touch the same lines, group by group."""
    group: list[Edit] = []
    for edit in sorted(edits, key=lambda one: one.span):
        if group and edit.span.line > max(one.span.end_line for one in group):
            yield group
            group = []
        group.append(edit)
    yield group


def _alike(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """How many lines are the same at the beginning, and how many at the end."""
    shorter = min(len(old), len(new))
    start = next((n for n in range(shorter) if old[n] != new[n]), shorter)
    left = shorter - start
    end = next((n for n in range(left) if old[-1 - n] != new[-1 - n]), left)
    return start, end


def _common(one: str, other: str) -> int:
    """How many characters two lines have in common at their beginning."""
    return next((at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), 0)


def _changed(changes: Sequence[_Change], width: int, style: Style) -> Iterator[str]:
    for one in changes[:_MOST_CHANGES]:
        mark = style.green if one.sign == "+" else style.red
        text = printable(masked(one.text.rstrip("\r\n")))
        line = mark(f"{one.sign} {_clipped(text, one.column, style.columns - width - 3)[1]}".rstrip())
        yield f"{style.dim(str(one.line).rjust(width))} {line}"
    if len(changes) > _MOST_CHANGES:
        yield f"{' ' * width} ... and {len(changes) - _MOST_CHANGES} more lines: see --diff"
