"""A single documented fact: its value, where it was read, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class Fact:
    """One value that a source documents.

    Attributes:
        id: Dotted name, such as ``function.timeout_max_s``.
        value: The documented value; its unit is in ``unit``.
        unit: Unit of the value, empty for flags and names.
        source: Address of the page that states it.
        as_of: The day that page was read.
        probe: Regular expression that the page's text matches as long as the fact stands, or None.
        since: First day on which the value held, or None when that is not known.
        until: Day from which it no longer held, or None while it holds.
        note: What a reader should know besides, such as a page that disagrees.
    """

    id: str
    value: Any
    unit: str
    source: str
    as_of: date
    probe: str | None = None
    since: date | None = None
    until: date | None = None
    note: str = ""

    def held_on(self, day: date) -> bool:
        """Whether the value held on `day`, as far as its interval says."""
        return (self.since is None or self.since <= day) and (self.until is None or day < self.until)

    def citation(self) -> str:
        """Address and date in one phrase, for messages."""
        return f"{self.source}, as of {self.as_of.isoformat()}"
