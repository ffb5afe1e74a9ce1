"""What containers print, kept in order for the client that follows an app."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tminus.controlplane.waiting import Changed

STDOUT = 1
STDERR = 2


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A piece of output: `stream` is 1 for standard output, 2 for standard error."""

    time_s: float
    task_id: str
    function_id: str
    stream: Any
    text: str


class AppLog:
    """The output of all containers of one app."""

    def __init__(self) -> None:
        self.entries: list[LogEntry] = []
        self.changed = Changed()
        self.complete = False

    def append(self, entry: LogEntry) -> None:
        """Add output and wake who follows."""
        self.entries.append(entry)
        self.changed.notify()

    def finish(self) -> None:
        """Say that nothing more will come."""
        self.complete = True
        self.changed.notify()
