"""What happened in a control plane, as a list, as lines of a file, and to whoever listens."""

from __future__ import annotations

import json
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tminus.controlplane.redaction import Redactor


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    Attributes:
        time_s: Seconds since the epoch.
        kind: What happened, such as ``container_started`` or ``volume_committed``.
        task_id: The container that it happened to, empty where none is concerned.
        fields: What else is known; every value can be written as JSON.
    """

    time_s: float
    kind: str
    task_id: str = ""
    fields: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The event as one flat object."""
        return {"time_s": round(self.time_s, 4), "kind": self.kind, "task_id": self.task_id, **self.fields}


class EventLog:
    """Keeps events in memory, appends them to a file, and passes them on.

    Values of secrets that its `redactor` knows never reach any of the three.

    Args:
        path: The file; it is appended to.
        on_event: Called with each event.
        kept: Events that are kept in memory; all where it is None.
    """

    def __init__(
        self, path: Path, on_event: Callable[[Event], None] | None = None, kept: int | None = None
    ) -> None:
        self._on_event = on_event
        self._events: deque[Event] = deque(maxlen=kept)
        self.redactor = Redactor()
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8")
        path.chmod(0o600)

    def hide(self, values: Iterable[str]) -> None:
        """Replace these values by a placeholder in everything that is recorded from now on."""
        self.redactor.hide(values)

    def record(self, kind: str, task_id: str = "", **fields: Any) -> Event:
        """Record an event; may be called from any thread."""
        event = Event(time.time(), kind, task_id, self.redactor.anything(fields))
        with self._lock:
            self._events.append(event)
            if not self._file.closed:
                self._file.write(json.dumps(event.to_json(), ensure_ascii=False) + "\n")
                self._file.flush()
        if self._on_event is not None:
            try:
                self._on_event(event)
            except Exception:
                # A listener's mistake must not stop the containers that the event is about.
                self._on_event = None
                self.record("listener_failed", error=traceback.format_exc())
        return event

    def all(self) -> list[Event]:
        """Every event so far, oldest first."""
        with self._lock:
            return list(self._events)

    def close(self) -> None:
        """Close the file; later events are kept in memory only."""
        with self._lock:
            self._file.close()
