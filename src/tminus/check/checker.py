"""Running the rules over scripts, and applying what they propose."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tminus.check.finding import Finding, Fix, Safety
from tminus.check.rule import all_rules
from tminus.facts import Facts
from tminus.script import Script, ScriptError, Source, Span

# A fix can uncover another finding (a count mended in one place now differs from another). More rounds than
# this would mean that two fixes undo each other.
_MAX_ROUNDS = 10


@dataclass(frozen=True, slots=True)
class Fixed:
    """A script after its fixes.

    Attributes:
        before: The text before.
        after: The text after; the same where there was nothing to fix.
        applied: The fixes that were made, in order.
    """

    before: Source
    after: Source
    applied: tuple[Fix, ...]


def check(script: Script, facts: Facts) -> list[Finding]:
    """Every finding of every rule, in order: those in the script, then those in documents beside it."""
    findings = [finding for rule in all_rules() for finding in rule.check(script, facts)]
    return sorted(findings, key=lambda one: (one.span.path != script.path, one.span, one.code))


def fix(script: Script, facts: Facts, safeties: Iterable[Safety] = (Safety.SAFE,)) -> Fixed:
    """Apply fixes to a script until none is left; nothing is written.

    Args:
        script: The script.
        facts: What the rules check against.
        safeties: Which fixes to make.

    Raises:
        ScriptError: A fix left a file that is not Python any more: a bug of the rule.
    """
    allowed = frozenset(safeties)
    before, applied = script.source, list[Fix]()
    for _ in range(_MAX_ROUNDS):
        chosen = _without_overlaps(
            finding.fix for finding in check(script, facts) if finding.fix and finding.fix.safety in allowed
        )
        if not chosen:
            break
        applied += chosen
        edited = script.source.edited(edit for one in chosen for edit in one.edits)
        try:
            script = Script.parse(Source(script.path, edited))
        except ScriptError as error:
            raise ScriptError(f"a fix broke the script, nothing was changed: {error}") from error
    return Fixed(before, script.source, tuple(applied))


def _without_overlaps(fixes: Iterable[Fix]) -> list[Fix]:
    """The first of several fixes that touch the same text; the others come up again in the next round."""
    chosen: list[Fix] = []
    taken: list[Span] = []
    for one in fixes:
        spans = [edit.span for edit in one.edits]
        if spans and not any(_overlap(span, other) for span in spans for other in taken):
            chosen.append(one)
            taken += spans
    return chosen


def _overlap(one: Span, other: Span) -> bool:
    return (one.line, one.column) < (other.end_line, other.end_column) and (other.line, other.column) < (
        one.end_line,
        one.end_column,
    )
