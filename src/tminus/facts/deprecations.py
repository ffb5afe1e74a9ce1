"""What Modal deprecated or removed, and what takes its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from tminus.facts.versions import version_key


class Now(StrEnum):
    """What the newest client that was read does with it."""

    WORKS = "works"
    """It works without a warning."""
    WARNS = "warns"
    """It works, and the client prints a deprecation warning."""
    RAISES = "raises"
    """It raises; see `Deprecation.raises`."""
    IGNORED = "ignored"
    """It has no effect any more, and nothing says so."""


@dataclass(frozen=True, slots=True)
class Deprecation:
    """An old form, its new form, and when it changed.

    Attributes:
        id: Short stable name.
        old: The old form, as it is written.
        new: The new form, or what to do.
        kind: ``parameter``, ``method``, ``class``, ``decorator``, ``function``, ``property``, ``behaviour``,
            ``value``, ``syntax``, ``environment``, ``cli`` or ``runtime``.
        deprecated_on: The date that the client's warning bears; None without a warning.
        deprecated_in: First release that warns; None without one.
        removed_in: First release that refuses it or has it no more; None while it works.
        now: What the newest client that was read does with it.
        raises: Exception that the newest client raises, empty if none.
        attributes: Dotted names that the old form reads, such as ``modal.Stub``.
        parameters: Keywords of the old form; with `callables`, those that take them.
        callables: Dotted names whose keyword it is; empty for several.
        replacement: New name alone, where a rename is the whole change; empty otherwise.
        safe_fix: Whether an automatic edit keeps what the script does.
        source: Address of the page or release that shows it.
        as_of: The day that was read.
        note: What a reader should know besides.
    """

    id: str
    old: str
    new: str
    kind: str
    deprecated_on: date | None
    deprecated_in: str | None
    removed_in: str | None
    now: Now
    raises: str
    attributes: tuple[str, ...]
    parameters: tuple[str, ...]
    callables: tuple[str, ...]
    replacement: str
    safe_fix: bool
    source: str
    as_of: date
    note: str = ""

    def refused_by(self, version: str) -> bool:
        """Whether that release of the client refuses the old form, or lacks it."""
        return self.removed_in is not None and version_key(version) >= version_key(self.removed_in)


def read_deprecations(table: Mapping[str, Any]) -> tuple[Deprecation, ...]:
    """The entries of the data file, in its order."""
    return tuple(
        Deprecation(
            id=entry["id"],
            old=entry["old"],
            new=entry["new"],
            kind=entry["kind"],
            deprecated_on=entry.get("deprecated_on"),
            deprecated_in=entry.get("deprecated_in"),
            removed_in=entry.get("removed_in"),
            now=Now(entry["now"]),
            raises=entry.get("raises", ""),
            attributes=tuple(entry.get("attributes", ())),
            parameters=tuple(entry.get("parameters", ())),
            callables=tuple(entry.get("callables", ())),
            replacement=entry.get("replacement", ""),
            safe_fix=entry["safe_fix"],
            source=entry["source"],
            as_of=entry["as_of"],
            note=entry.get("note", ""),
        )
        for entry in table["deprecation"]
    )
