"""Which findings are reported: not those that a baseline knows, and none below a severity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tminus.check.finding import Finding, Severity

if TYPE_CHECKING:
    from tminus.check.baseline import Baseline
    from tminus.check.places import Place
    from tminus.check.task import Checked

# Worst first.
_ORDER = {severity: place for place, severity in enumerate(Severity)}


def reported(
    checked: Sequence[Checked], least: Severity = Severity.INFO, baseline: Baseline | None = None
) -> list[tuple[Finding, Place]]:
    """The findings to report, file by file, each with its place.

    Args:
        checked: The files that were checked.
        least: The mildest severity that is reported.
        baseline: Findings that are known.
    """
    pairs = [pair for one in checked for pair in zip(one.findings, one.places, strict=True)]
    if baseline is not None:
        fresh = baseline.new([place for _, place in pairs])
        pairs = [pair for pair, new in zip(pairs, fresh, strict=True) if new]
    return [pair for pair in pairs if _ORDER[pair[0].severity] <= _ORDER[least]]
