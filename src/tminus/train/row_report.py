"""What became of the rows of a data set: read, used, cut, left out, each that was left out by its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from tminus.train.errors import DataError

NAMED = 20
"""Bad rows that are named one by one; more are counted."""


@dataclass(slots=True)
class RowReport:
    """Counts that grow while rows are read."""

    source: str
    kind: str
    """How rows were read, such as `messages`."""

    learned_by: str = ""
    """How the learned tokens of chats were told."""

    read: int = 0
    used: int = 0
    bad: int = 0
    nothing: int = 0
    """Bad rows that can be read, and have no token to learn."""

    cut: int = 0
    """Rows longer than `seq_len`."""

    tokens: int = 0
    """Tokens of the rows that are used, after cutting."""

    learned: int = 0
    """Tokens among them that are learned."""

    longest: int = 0
    """Tokens of the longest row, before cutting."""

    longest_place: str = ""
    bad_rows: list[tuple[str, str]] = field(default_factory=list)
    """Place and reason of the first bad rows."""

    def reject(self, place: str, reason: str, *, nothing: bool = False) -> None:
        """Count a row that is left out, and whether it was for want of a token to learn."""
        self.bad += 1
        self.nothing += nothing
        if len(self.bad_rows) < NAMED:
            self.bad_rows.append((place, reason))

    def accept(self, place: str, tokens: int, learned: int, full_length: int) -> None:
        """Count a row that is used."""
        self.used += 1
        self.tokens += tokens
        self.learned += learned
        self.cut += full_length > tokens
        if full_length > self.longest:
            self.longest, self.longest_place = full_length, place

    def clear(self) -> None:
        """Forget what was counted: the rows are read anew."""
        self.read = self.used = self.bad = self.nothing = self.cut = self.tokens = self.learned = 0
        self.longest, self.longest_place = 0, ""
        self.bad_rows.clear()

    def lines(self) -> list[str]:
        """What is to be told of it."""
        told = [
            f"{self.source}: {self.used:,} of {self.read:,} rows ({self.kind}), {self.tokens:,} tokens, "
            f"{self.learned:,} of them learned"
        ]
        if self.cut:
            told.append(f"{self.cut:,} rows are cut at seq_len; the longest has {self.longest:,} tokens")
        if self.learned_by:
            told.append(f"turns of the assistant: {self.learned_by}")
        if self.bad:
            told.append(f"{self.bad:,} bad rows are left out:")
            told += [f"  {place}: {reason}" for place, reason in self.bad_rows]
            if self.bad > len(self.bad_rows):
                told.append(f"  and {self.bad - len(self.bad_rows):,} more")
        return told

    def refusal(self) -> DataError:
        """The error of a data set with bad rows that must not be left out."""
        named = "\n".join(f"  {place}: {reason}" for place, reason in self.bad_rows)
        more = "" if self.bad <= len(self.bad_rows) else f"\n  and {self.bad - len(self.bad_rows):,} more"
        return DataError(
            f"dataset: {self.bad:,} of {self.read:,} rows read cannot be learned from:\n{named}{more}\n"
            "on_bad_row is refuse. Mend these rows, or set on_bad_row to skip, which leaves them out and "
            "counts them in the record."
        )

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> RowReport:
        """A report from what `to_dict` gave."""
        pairs = [(str(place), str(reason)) for place, reason in values["bad_rows"]]
        return cls(**{**values, "bad_rows": pairs})
