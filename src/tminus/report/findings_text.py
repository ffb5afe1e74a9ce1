"""Findings for a terminal: the source, the place, the limit with its source, and what to do."""

from __future__ import annotations

from collections import Counter

from tminus.check import Safety
from tminus.report.findings_outcome import Outcome, counted
from tminus.report.nothing_found import nothing_found
from tminus.report.style import Style


def findings_text(outcome: Outcome, style: Style) -> str:
    """Every finding with its source excerpt, and a line that counts them."""
    if not outcome.findings:
        return summary(outcome, style)
    from tminus.report.findings_block import block

    return "\n".join([*(block(one, outcome, style) for one in outcome.findings), summary(outcome, style)])


def summary(outcome: Outcome, style: Style) -> str:
    """What was found and what of it can be fixed, in a line or a few."""
    findings, files = outcome.findings, len(outcome.files)
    if not findings:
        return style.green(nothing_found(files))
    checked = f"{files} file{'s' if files != 1 else ''} checked"
    fixes = Counter(finding.fix.safety for finding in findings if finding.fix is not None)
    lines = [f"Found {counted(findings)}; {checked}."]
    if fixes[Safety.SAFE]:
        lines.append(f"[*] {fixes[Safety.SAFE]} to mend with --fix.")
    if fixes[Safety.UNSAFE]:
        count, more = fixes[Safety.UNSAFE], " more" if fixes[Safety.SAFE] else ""
        they = "they change" if count != 1 else "it changes"
        lines.append(f"[*] {count}{more} to mend with --fix --unsafe-fixes: {they} what the script does.")
    return "\n".join(lines)
