"""What a finding costs, computed from the plan; where it cannot be computed, why not."""

from __future__ import annotations

import ast

from tminus.check import Finding, Severity
from tminus.report.audit.costs import COMPUTED, Case, Impact, Kind
from tminus.report.audit.evidence import Evidence, Problem
from tminus.report.audit.wording import Words
from tminus.script.scopes import FunctionNode

# What the client or the service refuses before a container starts.
_REFUSED = frozenset(
    {
        "TM101",
        "TM102",
        "TM103",
        "TM113",
        "TM201",
        "TM202",
        "TM204",
        "TM205",
        "TM207",
        "TM301",
        "TM404",
        "TM601",
        "TM608",
        "TM801",
        "TM803",
        "TM804",
        "TM805",
    }
)


def impact_of(problem: Problem, evidence: Evidence, words: Words) -> Impact:
    """What the findings of a rule cost, taken together: that of the worst one."""
    impacts = [_impact(one, evidence, words) for one in problem.findings]
    return max(impacts, key=lambda one: (one.ours, one.expected_usd or -1.0))


def total_of(impacts: list[Impact]) -> tuple[float, float] | None:
    """Dollars to expect and the most, for one run of the planned function; None where none was computed.

    Findings of a kind meet the same hours: only the dearest of each kind counts. Storage is paid by the
    month, and does not count.
    """
    expected: dict[Kind, float] = {}
    most: dict[Kind, float] = {}
    for one in impacts:
        if (
            one.ours
            and one.kind is not Kind.STORAGE
            and one.expected_usd is not None
            and one.most_usd is not None
        ):
            expected[one.kind] = max(expected.get(one.kind, 0.0), one.expected_usd)
            most[one.kind] = max(most.get(one.kind, 0.0), one.most_usd)
    return (sum(expected.values()), sum(most.values())) if expected else None


def _impact(finding: Finding, evidence: Evidence, words: Words) -> Impact:
    if finding.code in _REFUSED and finding.severity is Severity.ERROR and not _in_a_body(finding, evidence):
        return Impact(
            Kind.REFUSED,
            words("Nothing starts and nothing is billed: the run does not happen until this is mended."),
            0.0,
            0.0,
        )
    compute = COMPUTED.get(finding.code)
    if compute is None:
        return Impact(
            Kind.UNKNOWN,
            words("Not computed: what it costs depends on more than the script and the documentation say."),
        )
    option = evidence.machines_of(evidence.function_at(finding.span))
    if evidence.plan is None or option is None:
        return Impact(
            Kind.UNKNOWN, words("Not computed: there is no plan for the machines of this function.")
        )
    return compute(Case(finding, evidence, evidence.plan.job, option, words))


def _in_a_body(finding: Finding, evidence: Evidence) -> bool:
    """Whether a place is in the body of a function: its line runs in a container that has started."""
    line = finding.span.line
    return any(
        node.body[0].lineno <= line <= (node.end_lineno or line)
        for node in ast.walk(evidence.script.tree)
        if isinstance(node, FunctionNode)
    )
