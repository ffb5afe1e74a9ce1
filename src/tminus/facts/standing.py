"""How much a fact can carry today: old or contradicted facts carry less."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from tminus.facts.fact import Fact

MAX_AGE_DAYS = 180
"""Age from which a fact is weak.

Of about 250 documented values and rules of the platform, 29 changed between January 2024 and November 2026 in
a way that can be dated: 4 % a year. After 180 days some 2 % have changed, and no larger share of errors may
be wrong.
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a fact is weak, and why.

    Attributes:
        weak: Whether an error may not rest on it.
        why: The reason, as a sentence for the message; empty where it is not weak.
    """

    weak: bool
    why: str = ""


def standing(fact: Fact, today: date, max_age_days: int = MAX_AGE_DAYS) -> Standing:
    """Whether a fact is contradicted, or was read too long ago.

    Args:
        fact: The fact.
        today: The day of the check.
        max_age_days: Age in days up to which a reading counts.
    """
    if fact.conflicts:
        other = fact.conflicts[0]
        return Standing(
            True, f"The sources contradict each other: {other.source} ({other.as_of}) says {other.says}."
        )
    age = (today - fact.as_of).days
    if age > max_age_days:
        return Standing(
            True,
            f"The source was read {age} days ago, on {fact.as_of}: `tminus facts verify` compares it anew.",
        )
    return Standing(False)
