"""Running the rules over scripts."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from tminus.check.codes import all_codes, rule_modules
from tminus.check.rule import load_rule
from tminus.check.selection import EVERYTHING, Selection

if TYPE_CHECKING:
    from tminus.check.finding import Finding
    from tminus.facts import Facts
    from tminus.script import Script

    Extend = Callable[[list[Finding], Script, Facts], list[Finding]]


@lru_cache(maxsize=16)
def _codes(selection: Selection) -> tuple[str, ...]:
    return tuple(filter(selection.takes, rule_modules()))


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
    findings = [finding for code in _codes(selection) for finding in load_rule(code).check(script, facts)]
    if extend is not None:
        findings = [one for one in extend(findings, script, facts) if selection.takes(one.code)]
    if any(one.span.path != script.path for one in findings):
        from tminus.check.document_comments import unsilenced

        findings = unsilenced(findings, script.path)
    # What the comments need is loaded only for scripts that have some.
    if "tminus:" in script.source.text:
        from tminus.check.suppressions import silenced

        findings = silenced(findings, script, selection.takes, all_codes())
    return sorted(findings, key=lambda one: (one.span.path != script.path, one.span, one.code))
