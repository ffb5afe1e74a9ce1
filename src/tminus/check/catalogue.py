"""Every rule by its code: those that look at scripts or their plans, and those about the tool's own work."""

from __future__ import annotations

from functools import cache

from tminus.check.planned import PLANNED
from tminus.check.problem import UNREADABLE
from tminus.check.rule import Rule, all_rules
from tminus.check.suppressions import MALFORMED_IGNORE, UNUSED_IGNORE


@cache
def catalogue() -> dict[str, Rule]:
    """Every rule, by code and in that order; loads them all. `codes.all_codes` gives the codes alone."""
    rules = (UNREADABLE, UNUSED_IGNORE, MALFORMED_IGNORE, *PLANNED, *all_rules())
    return {rule.code: rule for rule in sorted(rules, key=lambda rule: rule.code)}
