"""Findings for a terminal: the source, the place, the limit with its source, and what to do."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Sequence

from tminus.check import Finding, Safety, Severity
from tminus.check.tokens import masked
from tminus.report.findings_outcome import Outcome, counted
from tminus.report.paths import shown
from tminus.report.style import Style
from tminus.script import Span

_WIDTH = 100
_FLAGS = {Safety.SAFE: "--fix", Safety.UNSAFE: "--unsafe-fixes", Safety.DISPLAY: "by hand"}


def findings_text(outcome: Outcome, style: Style) -> str:
    """Every finding with its source excerpt, and a line that counts them."""
    lines = {finding.span.path: outcome.lines(finding.span.path) for finding in outcome.findings}
    blocks = [_block(finding, lines[finding.span.path], style) for finding in outcome.findings]
    return "\n".join([*blocks, summary(outcome, style)])


def _block(finding: Finding, source: Sequence[str], style: Style) -> str:
    span = finding.span
    mark = " [*]" if finding.fixable else ""
    gutter = " " * len(str(span.line))
    lines = [
        f"{_coloured(finding.severity, finding.code, style)}{mark} {style.bold(finding.name)}",
        f"{gutter}{style.blue('-->')} {shown(span.path)}:{span.line}:{span.column}",
        f"{gutter} {style.dim('|')}",
        *_excerpt(span, source, gutter, finding.severity, style),
        *_note(finding.severity.value, finding.message, gutter, style),
    ]
    if finding.source is not None:
        lines += _note("source", finding.source.citation(), gutter, style)
    if finding.advice:
        lines += _note("help", finding.advice, gutter, style)
    if finding.fix is not None:
        lines += _note("fix", f"{finding.fix.title} ({_FLAGS[finding.fix.safety]})", gutter, style)
    return "\n".join([*lines, ""])


def _excerpt(span: Span, lines: Sequence[str], gutter: str, severity: Severity, style: Style) -> list[str]:
    if span.line > len(lines):
        return []
    text = masked(lines[span.line - 1].rstrip("\r\n").expandtabs(1))
    end = span.end_column if span.end_line == span.line else len(text) + 1
    carets = "^" * max(1, end - span.column)
    return [
        f"{style.dim(str(span.line))} {style.dim('|')} {text}",
        f"{gutter} {style.dim('|')} {' ' * (span.column - 1)}{_coloured(severity, carets, style)}",
    ]


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


def summary(outcome: Outcome, style: Style) -> str:
    """What was found and what of it can be fixed, in a line or a few."""
    findings, files = outcome.findings, len(outcome.files)
    checked = f"{files} file{'s' if files != 1 else ''} checked"
    if not findings:
        return style.green(f"Nothing found, {checked}.")
    fixes = Counter(finding.fix.safety for finding in findings if finding.fix is not None)
    lines = [f"Found {counted(findings)}; {checked}."]
    if fixes[Safety.SAFE]:
        lines.append(f"[*] {fixes[Safety.SAFE]} to mend with --fix.")
    if fixes[Safety.UNSAFE]:
        count = fixes[Safety.UNSAFE]
        lines.append(f"[*] {count} more with --fix --unsafe-fixes: they change what the script does.")
    return "\n".join(lines)
