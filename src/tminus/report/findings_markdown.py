"""Findings as Markdown, for a job's summary or a comment on a pull request."""

from __future__ import annotations

import re

from tminus.check import Finding
from tminus.check.tokens import masked
from tminus.report.findings_outcome import Outcome, counted
from tminus.report.paths import shown


def findings_markdown(outcome: Outcome) -> str:
    """A heading that counts, and for each file a table of places, rules and what to do."""
    files = f"{len(outcome.files)} file{'s' if len(outcome.files) != 1 else ''} checked"
    if not outcome.findings:
        return f"**tminus**: nothing found, {files}."
    parts = [f"**tminus**: {counted(outcome.findings)}; {files}."]
    for path, findings in outcome.by_file():
        if findings:
            lines = outcome.lines(path)
            parts += [
                "",
                f"### {_cell(shown(path))}",
                "",
                "| line | rule | finding | what to do |",
                "|---:|---|---|---|",
                *(_row(finding, lines) for finding in findings),
            ]
    return "\n".join(parts)


def _row(finding: Finding, lines: list[str]) -> str:
    line = finding.span.line
    text = masked(lines[line - 1].strip()) if line <= len(lines) else ""
    said = _cell(finding.message) + (f"<br>{_code(text)}" if text else "")
    if finding.source is not None:
        said += f"<br>[source]({finding.source.source}), as of {finding.source.as_of.isoformat()}"
    return f"| {line} | {finding.severity} {finding.code} {finding.name} | {said} | {_cell(finding.advice)} |"


def _cell(text: str) -> str:
    return re.sub(r"([\\`*_<>|\[\]#])", r"\\\1", " ".join(text.split()))


def _code(text: str) -> str:
    fence = "``" if "`" in text else "`"
    return f"{fence}{text.replace('|', chr(92) + '|')}{fence}"
