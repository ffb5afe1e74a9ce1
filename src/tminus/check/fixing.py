"""Applying what the rules propose."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tminus.check.checker import check
from tminus.check.finding import Finding, Fix, Safety
from tminus.check.selection import EVERYTHING, Selection
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
        mended: The findings whose fixes were made, in order.
    """

    before: Source
    after: Source
    mended: tuple[Finding, ...]

    @property
    def applied(self) -> tuple[Fix, ...]:
        """The fixes that were made, in order."""
        return tuple(finding.fix for finding in self.mended if finding.fix is not None)


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
