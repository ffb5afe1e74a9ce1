"""Findings for a terminal: the source, the place, the limit with its source, and what to do."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from tminus.check import Finding, Safety, Severity
from tminus.check.tokens import masked
from tminus.report.paths import shown
from tminus.report.style import Style
from tminus.script import Source, Span

_WIDTH = 100


def findings_text(findings: Sequence[Finding], files: int, style: Style) -> str:
    """Every finding with its source excerpt, and a line that counts them."""
    blocks = [_block(finding, style) for finding in findings]
    return "\n".join([*blocks, _summary(findings, files, style)])


def _block(finding: Finding, style: Style) -> str:
    span = finding.span
    mark = " [*]" if finding.fix is not None else ""
    gutter = " " * len(str(span.line))
    lines = [
        f"{_coloured(finding.severity, finding.code, style)}{mark} {style.bold(finding.name)}",
        f"{gutter}{style.blue('-->')} {shown(span.path)}:{span.line}:{span.column}",
        f"{gutter} {style.dim('|')}",
        *_excerpt(span, gutter, finding.severity, style),
        *_note(finding.severity.value, finding.message, gutter, style),
    ]
    if finding.source is not None:
        lines += _note("source", finding.source.citation(), gutter, style)
    if finding.advice:
        lines += _note("help", finding.advice, gutter, style)
    if finding.fix is not None:
        flag = "--fix" if finding.fix.safety is Safety.SAFE else "--unsafe-fixes"
        lines += _note("fix", f"{finding.fix.title} ({flag})", gutter, style)
    return "\n".join([*lines, ""])


def _excerpt(span: Span, gutter: str, severity: Severity, style: Style) -> list[str]:
    lines = _lines(span)
    if span.line > len(lines):
        return []
    text = masked(lines[span.line - 1].rstrip("\r\n").expandtabs(1))
    end = span.end_column if span.end_line == span.line else len(text) + 1
    carets = "^" * max(1, end - span.column)
    return [
        f"{style.dim(str(span.line))} {style.dim('|')} {text}",
        f"{gutter} {style.dim('|')} {' ' * (span.column - 1)}{_coloured(severity, carets, style)}",
    ]


@cache
def _read(path: str, modified_ns: int) -> list[str]:
    return Source.read(Path(path)).lines


def _lines(span: Span) -> list[str]:
    return _read(str(span.path), span.path.stat().st_mtime_ns)


def _note(label: str, text: str, gutter: str, style: Style) -> list[str]:
    head = f"{gutter} = {label}: "
    wrapped = textwrap.wrap(text, _WIDTH - len(head), break_long_words=False, break_on_hyphens=False) or [""]
    first, *rest = wrapped
    return [
        f"{gutter} {style.dim('=')} {style.bold(label)}: {first}",
        *(" " * len(head) + line for line in rest),
    ]


def _coloured(severity: Severity, text: str, style: Style) -> str:
    match severity:
        case Severity.ERROR:
            return style.red(text)
        case Severity.WARNING:
            return style.yellow(text)
    return style.bold(text)


def _summary(findings: Sequence[Finding], files: int, style: Style) -> str:
    checked = f"{files} file{'s' if files != 1 else ''} checked"
    if not findings:
        return style.green(f"Nothing found, {checked}.")
    counts = Counter(finding.severity for finding in findings)
    parts = [f"{counts[one]} {one}{'s' if counts[one] != 1 else ''}" for one in Severity if counts[one]]
    fixes = Counter(finding.fix.safety for finding in findings if finding.fix is not None)
    lines = [f"Found {', '.join(parts)}; {checked}."]
    if fixes[Safety.SAFE]:
        lines.append(f"[*] {fixes[Safety.SAFE]} to mend with --fix.")
    if fixes[Safety.UNSAFE]:
        count = fixes[Safety.UNSAFE]
        lines.append(f"[*] {count} more with --fix --unsafe-fixes: they change what the script does.")
    return "\n".join(lines)
