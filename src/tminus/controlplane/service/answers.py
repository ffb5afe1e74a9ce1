"""What was answered: which calls, with which fields of their messages, and with which refusals."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from tminus.controlplane.model import Message


class Answers:
    """Counts of a service's answers, by call."""

    def __init__(self) -> None:
        self._answered: Counter[str] = Counter()
        self._fields: defaultdict[str, set[str]] = defaultdict(set)
        self._refused: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def sent(self, call: str, message: Message) -> None:
        """A message went out: which of its fields said something is noted, not what."""
        self._fields[call].update(field.name for field, _ in message.ListFields())

    def has_sent(self, call: str) -> bool:
        """Whether any message went out for a call."""
        return call in self._fields

    def ended(self, call: str) -> None:
        """A call was answered without an error."""
        self._answered[call] += 1

    def refused(self, call: str, status: str) -> None:
        """A call was answered with an error of this status, as the platform's own would be."""
        self._refused[call][status] += 1

    def to_json(self) -> dict[str, Any]:
        """Everything, as an event carries it."""
        return {
            "calls": dict(sorted(self._answered.items())),
            "fields": {call: sorted(names) for call, names in sorted(self._fields.items())},
            "refused": {call: dict(sorted(counts.items())) for call, counts in sorted(self._refused.items())},
        }
