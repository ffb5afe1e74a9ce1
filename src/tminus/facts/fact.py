"""A single documented fact: its value, where it was read, and when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

_RELEASE = "https://pypi.org/project/"
_NOT_DOCUMENTED = "not documented"
"""The value of a limit that a data file names in order to say that no page does; None when it is read."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Another source that says something else.

    Attributes:
        says: What it says, in a few words.
        source: Its address.
        as_of: The day it was read.
        probe: As `Fact.probe`, for what it says; None where its page cannot be asked.
    """

    says: str
    source: str
    as_of: date
    probe: str | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """One value that a source documents.

    Attributes:
        id: Dotted name, such as ``function.timeout_max_s``.
        value: The documented value; its unit is in ``unit``. None where no page gives one.
        unit: Unit of the value, empty for flags and names.
        source: Address of the page that states it.
        as_of: The day that page was read; of a value whose last day is not known, when it was last seen.
        probe: Regular expression that the page's Markdown matches as long as the fact stands, or None.
            White space of the page is collapsed before. A group named ``value`` captures the value.
        probe_value: What the group captures while the fact stands, where that is not the value itself:
            ``"24"`` (hours) for 86400 (s).
        no_probe: Why there is no probe, where there could be one.
        since: First day on which the value held, or None when that is not known.
        until: Day from which it no longer held, or None while it holds. Where the day of the change is not
            known: the first day on which the next value was seen.
        note: What a reader should know besides.
        conflicts: Sources that contradict it.
    """

    id: str
    value: Any
    unit: str
    source: str
    as_of: date
    probe: str | None = None
    probe_value: str | None = None
    no_probe: str = ""
    since: date | None = None
    until: date | None = None
    note: str = ""
    conflicts: tuple[Conflict, ...] = ()

    @staticmethod
    def read(entry: Mapping[str, Any]) -> Fact:
        """A fact from its table in a data file; its conflicts are tables in it."""
        if "conflicts" in entry:
            entry = {**entry, "conflicts": tuple(Conflict(**one) for one in entry["conflicts"])}
        if entry["value"] == _NOT_DOCUMENTED:
            entry = {**entry, "value": None}
        return Fact(**entry)

    def held_on(self, day: date) -> bool:
        """Whether the value held on `day`, as far as its interval says."""
        return (self.since is None or self.since <= day) and (self.until is None or day < self.until)

    def against(self) -> Iterator[Fact]:
        """Each contradiction whose page can be asked, as a fact: the id with ``, against`` behind."""
        for one in self.conflicts:
            if one.probe is not None:
                yield Fact(f"{self.id}, against", one.says, "", one.source, one.as_of, probe=one.probe)

    def citation(self) -> str:
        """Address and date in one phrase, for messages."""
        return f"{self.source}, as of {self.as_of.isoformat()}"

    @property
    def why_unprobed(self) -> str:
        """Why no page can be asked whether the fact stands; empty with a probe."""
        if self.probe is not None or self.no_probe:
            return self.no_probe
        if self.source.startswith(_RELEASE):
            return "It was read in a released package, which does not change."
        return "It ended." if self.until is not None else ""

    @property
    def expected(self) -> str:
        """What the probe's group captures while the fact stands."""
        return str(self.value) if self.probe_value is None else self.probe_value
