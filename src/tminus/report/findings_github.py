"""Findings as workflow commands, which GitHub shows beside the lines of a pull request.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from tminus.check import Finding, Severity
from tminus.report.findings_outcome import Outcome
from tminus.report.paths import shown

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def findings_github(outcome: Outcome) -> str:
    """One command a finding; nothing where nothing was found."""
    return "\n".join(_command(finding) for finding in outcome.findings)


def _command(finding: Finding) -> str:
    span = finding.span
    properties = {
        "title": f"{finding.code} ({finding.name})",
        "file": shown(span.path),
        "line": str(span.line),
        "endLine": str(span.end_line),
    }
    # GitHub takes columns only for places within one line; its last column counts in.
    if span.line == span.end_line:
        properties |= {"col": str(span.column), "endColumn": str(max(span.column, span.end_column - 1))}
    written = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    parts = [finding.message]
    if finding.source is not None:
        parts.append(f"source: {finding.source.citation()}")
    if finding.advice:
        parts.append(f"help: {finding.advice}")
    return f"::{_COMMANDS[finding.severity]} {written}::{_data(chr(10).join(parts))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
