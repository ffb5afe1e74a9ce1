"""Training loops of a script's own, put together from the fingerprints of their weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tminus.rehearse.observed import TrainingEvent

Content = tuple[int, str]
"""Size in bytes and digest of a file."""


@dataclass(frozen=True, slots=True)
class Write:
    """A file that a loop, or a library that it calls, wrote.

    Attributes:
        path: Where, as the container sees it.
        begun_s: When, in seconds since the epoch.
        step: Optimizer step of the run that it was written after.
        content: What it held in the end; None where it never came to that.
    """

    path: str
    begun_s: float
    step: int
    content: Content | None


@dataclass(frozen=True, slots=True)
class Read:
    """A file of tensors that was read: where, when, and what it held."""

    path: str
    time_s: float
    content: Content


@dataclass(frozen=True)
class Loop:
    """One process of a loop, from its first update on.

    Attributes:
        begin: Its first event.
        resumed_from: Step of the run that it began at.
        recognised: Whether it began with weights that were seen before: the first ones, or a step's.
        optimizer_restored: Whether its optimizer went on from that step; None where it began anew.
        updates: Its updates, in order, by their step of the run.
        writes: What it wrote.
        ended_s: When it ended in good order.
    """

    begin: TrainingEvent
    resumed_from: int
    recognised: bool
    optimizer_restored: bool | None
    updates: Mapping[int, TrainingEvent]
    writes: Sequence[Write]
    ended_s: float | None


def reads_of(events: Iterable[TrainingEvent]) -> list[Read]:
    """Every file that was read."""
    return [
        Read(str(one.values["path"]), one.time, (int(one.values["bytes"]), str(one.values["digest"])))
        for one in events
        if one.kind == "read"
    ]


def loops_of(events: Iterable[TrainingEvent]) -> list[Loop]:
    """The loops of rank 0, in order of time, each with the steps of the whole run."""
    by_process: dict[tuple[str, int], list[TrainingEvent]] = {}
    for event in events:
        if event.rank == 0:
            by_process.setdefault((event.task_id, event.pid), []).append(event)
    processes = [own for own in by_process.values() if any(one.kind == "loop_begin" for one in own)]
    processes.sort(key=lambda own: _begin(own).time)
    seen: dict[str, tuple[int, str]] = {}
    loops: list[Loop] = []
    for own in processes:
        loop = _loop(own, seen, [write for one in loops for write in one.writes])
        loops.append(loop)
        # What two attempts reach alike was first reached by the earlier one.
        seen.setdefault(str(loop.begin.values["weights"]), (loop.resumed_from, ""))
        for step, update in loop.updates.items():
            seen.setdefault(str(update.values["weights"]), (step, str(update.values["optimizer_state"])))
    return loops


def _begin(own: Sequence[TrainingEvent]) -> TrainingEvent:
    return next(one for one in own if one.kind == "loop_begin")


def _loop(own: Sequence[TrainingEvent], seen: Mapping[str, tuple[int, str]], before: list[Write]) -> Loop:
    begin = _begin(own)
    known = seen.get(str(begin.values["weights"]))
    if known is not None:
        start, state = known
        restored = None if start == 0 else begin.values["optimizer_state"] == state
    else:
        start, restored = _step_of_file(own, begin, before), None
    updates = {start + (one.step or 0): one for one in own if one.kind == "update"}
    return Loop(
        begin=begin,
        resumed_from=start,
        # The first loop of all begins with what no one has seen.
        recognised=known is not None or not seen or start == 0,
        optimizer_restored=restored,
        updates=updates,
        writes=_writes(own, start),
        ended_s=next((one.time for one in own if one.kind == "loop_end"), None),
    )


def _step_of_file(own: Sequence[TrainingEvent], begin: TrainingEvent, before: list[Write]) -> int:
    """Step of the newest checkpoint that a process read before its first update; 0 where it read none."""
    steps = {write.content: write.step for write in before if write.content is not None}
    read = [one.content for one in reads_of(own) if one.time_s <= begin.time]
    return max((steps[content] for content in read if content in steps), default=0)


def _writes(own: Sequence[TrainingEvent], start: int) -> list[Write]:
    writes: list[Write] = []
    for event in own:
        if event.kind == "write_begin":
            writes.append(Write(str(event.values["path"]), event.time, start + (event.step or 0), None))
        elif event.kind == "written":
            content = (int(event.values["bytes"]), str(event.values["digest"]))
            for index in reversed(range(len(writes))):
                if writes[index].path == event.values["path"] and writes[index].content is None:
                    old = writes[index]
                    writes[index] = Write(old.path, old.begun_s, old.step, content)
                    break
    return writes
