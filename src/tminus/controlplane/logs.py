"""What containers print, and word of it for the client that follows an app."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tminus.controlplane.waiting import Changed

STDOUT = 1
STDERR = 2


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A piece of output.

    Attributes:
        time_s: When it came, in seconds since the epoch.
        task_id: The container that printed it.
        function_id: That container's function.
        stream: 1 for standard output, 2 for standard error.
        text: The output, with its line ends.
        call_id: The function call that the container worked on; empty where it was none, or several.
        position: Where it stands among all output; grows with time.
    """

    time_s: float
    task_id: str
    function_id: str
    stream: Any
    text: str
    call_id: str = ""
    position: int = 0


class AppLog:
    """Word of new output of one app; the output itself is in the store."""

    def __init__(self) -> None:
        self.changed = Changed()
        self.complete = False

    def finish(self) -> None:
        """Say that nothing more will come."""
        self.complete = True
        self.changed.notify()
