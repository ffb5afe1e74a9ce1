"""Training events as the shim recorded them in the rehearsed containers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_COMMON = ("event", "time", "task_id", "pid", "rank", "step")


@dataclass(frozen=True, slots=True)
class TrainingEvent:
    """One event of a container's process.

    Attributes:
        kind: Of a Trainer: ``train_begin``, ``step_end``, ``log``, ``save``, ``train_end``. Of a loop of the
            script's own: ``loop_begin``, ``update``, ``loop_end``. Of files: ``write_begin``, ``written``,
            ``read``. Of faults: ``held``, ``fault``. Of the adaptation: ``launch``, ``change``,
            ``not_shown`` or ``not_adapted``.
        time: Seconds since the epoch.
        task_id: Of the container.
        pid: Of the process, as the container numbers it.
        rank: Global rank of the process.
        step: Optimizer steps done; at ``train_begin`` those done before, by the run that is resumed. In a
            loop of the script's own, those of this process. None for events outside of training.
        values: The rest: ``loss``, ``learning_rate`` and ``grad_norm`` of a ``log``; ``directory`` of a
            ``save``; ``world_size``, ``max_steps``, ``micro_batch``, ``accumulation`` and ``output_dir`` of
            a ``train_begin``; ``weights`` and ``optimizer_state``, fingerprints, of a ``loop_begin`` and an
            ``update``; ``path``, ``bytes`` and ``digest`` of a file; ``ranks_asked`` and ``ranks_started``
            of a ``launch``; ``what``, ``old``, ``new`` and ``why`` of a ``change``.
    """

    kind: str
    time: float
    task_id: str
    pid: int
    rank: int
    step: int | None
    values: Mapping[str, Any] = field(default_factory=dict)


def read_events(path: Path) -> list[TrainingEvent]:
    """All events of a file, in the order in which they were written; none if there is no file yet.

    Lines cut short by the end of their process are left out.
    """
    return EventTail(path).read_new()


class EventTail:
    """Reads a growing events file, each event once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def read_new(self) -> list[TrainingEvent]:
        """The events whose line was completed since the last call."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                content = file.read()
        except FileNotFoundError:
            return []
        complete = content[: content.rfind(b"\n") + 1]
        self._offset += len(complete)
        return [event for line in complete.splitlines() if (event := _parse(line)) is not None]


def tail_events(path: Path, until: Callable[[], bool], *, interval_s: float = 0.1) -> Iterator[TrainingEvent]:
    """Yield events as they are written, until `until` is true and no more are there.

    Args:
        path: The events file, which may not exist yet.
        until: Whether the processes that write to it have ended.
        interval_s: Seconds between two looks at the file.
    """
    tail = EventTail(path)
    while True:
        ended = until()  # asked before reading: what was written before the end is still read
        yield from tail.read_new()
        if ended:
            return
        time.sleep(interval_s)


def _parse(line: bytes) -> TrainingEvent | None:
    # A process killed in the middle of a write leaves half a line; the next writer begins a new one.
    try:
        values = json.loads(line)
        return TrainingEvent(
            kind=values["event"],
            time=values["time"],
            task_id=values["task_id"],
            pid=values["pid"],
            rank=values["rank"],
            step=values.get("step"),
            values={name: value for name, value in values.items() if name not in _COMMON},
        )
    except (ValueError, KeyError, TypeError):
        return None
