"""Running the rules over scripts, and applying what they propose."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tminus.check.catalogue import catalogue
from tminus.check.finding import Finding, Fix, Safety
from tminus.check.rule import all_rules
from tminus.check.selection import Selection
from tminus.check.suppressions import silenced
from tminus.facts import Facts
from tminus.script import Script, ScriptError, Source, Span

# A fix can uncover another finding (a count mended in one place now differs from another). More rounds than
# this would mean that two fixes undo each other.
_MAX_ROUNDS = 10

EVERYTHING = Selection()

Extend = Callable[[list[Finding], Script, Facts], list[Finding]]


@dataclass(frozen=True, slots=True)
class Fixed:
    """A script after its fixes.

    Attributes:
        before: The text before.
        after: The text after; the same where there was nothing to fix.
        mended: The findings whose fixes were made, in order.
    """

    before: Source
    after: Source
    mended: tuple[Finding, ...]

    @property
    def applied(self) -> tuple[Fix, ...]:
        """The fixes that were made, in order."""
        return tuple(finding.fix for finding in self.mended if finding.fix is not None)


def check(
    script: Script, facts: Facts, selection: Selection = EVERYTHING, extend: Extend | None = None
) -> list[Finding]:
    """Every finding that no comment silences: those in the script, then those in documents beside it.

    Args:
        script: The script.
        facts: What the rules check against.
        selection: The rules to run.
        extend: Changes what the rules found, before comments silence any of it.
    """
    findings = [
        finding for rule in all_rules() if selection.takes(rule.code) for finding in rule.check(script, facts)
    ]
    if extend is not None:
        findings = [one for one in extend(findings, script, facts) if selection.takes(one.code)]
    findings = silenced(findings, script, selection.takes, tuple(catalogue()))
    return sorted(findings, key=lambda one: (one.span.path != script.path, one.span, one.code))


def fix(
    script: Script,
    facts: Facts,
    safeties: Iterable[Safety] = (Safety.SAFE,),
    selection: Selection = EVERYTHING,
) -> Fixed:
    """Apply fixes to a script until none is left; nothing is written.

    Args:
        script: The script.
        facts: What the rules check against.
        safeties: Which fixes to make; those for display are never made.
        selection: The rules to run.

    Raises:
        ScriptError: A fix left a file that is not Python any more: a bug of the rule.
    """
    allowed = frozenset(safeties) - {Safety.DISPLAY}
    before, mended = script.source, list[Finding]()
    for _ in range(_MAX_ROUNDS):
        chosen = _without_overlaps(
            (finding, finding.fix)
            for finding in check(script, facts, selection)
            if finding.fix and finding.fix.safety in allowed
        )
        if not chosen:
            break
        mended += [finding for finding, _ in chosen]
        edited = script.source.edited(edit for _, one in chosen for edit in one.edits)
        try:
            script = Script.parse(Source(script.path, edited, script.source.encoding))
        except ScriptError as error:
            raise ScriptError(f"a fix broke the script, nothing was changed: {error}") from error
    return Fixed(before, script.source, tuple(mended))


def _without_overlaps(fixes: Iterable[tuple[Finding, Fix]]) -> list[tuple[Finding, Fix]]:
    """The first of several fixes that touch the same text; the others come up again in the next round."""
    chosen: list[tuple[Finding, Fix]] = []
    taken: list[Span] = []
    for finding, one in fixes:
        spans = [edit.span for edit in one.edits]
        if spans and not any(_overlap(span, other) for span in spans for other in taken):
            chosen.append((finding, one))
            taken += spans
    return chosen


def _overlap(one: Span, other: Span) -> bool:
    return (one.line, one.column) < (other.end_line, other.end_column) and (other.line, other.column) < (
        one.end_line,
        one.end_column,
    )
