"""Findings in one line each, for editors and for grep."""

from __future__ import annotations

from tminus.check import Finding, Severity
from tminus.report.findings_outcome import Outcome
from tminus.report.findings_text import summary
from tminus.report.paths import shown
from tminus.report.style import Style


def findings_concise(outcome: Outcome, style: Style) -> str:
    """``path:line:column: CODE [*] severity: message``, and the line that counts them."""
    return "\n".join([*(_line(one, style) for one in outcome.findings), summary(outcome, style)])


def _line(finding: Finding, style: Style) -> str:
    span = finding.span
    colour = {Severity.ERROR: style.red, Severity.WARNING: style.yellow}.get(finding.severity, style.bold)
    mark = " [*]" if finding.fixable else ""
    place = f"{style.bold(shown(span.path))}:{span.line}:{span.column}:"
    return f"{place} {colour(finding.code)}{mark} {finding.severity}: {finding.message}"
