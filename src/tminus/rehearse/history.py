"""What happened in a rehearsal: the control plane's record and the containers' own, in one order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tminus.rehearse.observed import TrainingEvent

_CHECKPOINT = re.compile(r"^checkpoint-(\d+)$")
# Deeper than scripts nest their output, shallower than a cache of models.
_CHECKPOINT_DEPTH = 6


@dataclass(frozen=True, slots=True)
class Save:
    """A checkpoint that a trainer reported."""

    step: int
    time_s: float


@dataclass(frozen=True, slots=True)
class Attempt:
    """One start of the training, seen from its rank 0.

    Attributes:
        task_id: Container of rank 0.
        began_s: When the training loop began, in seconds since the epoch.
        resumed_from: Optimizer steps that were already done when it began.
        max_steps: Steps of the whole run.
        world_size: Processes that trained.
        steps: Step to the time at which it was done.
        losses: Step to its loss.
        saves: Checkpoints, in order.
        ended_s: When the training loop was left; None where it never was.
    """

    task_id: str
    began_s: float
    resumed_from: int
    max_steps: int
    world_size: int
    steps: Mapping[int, float]
    losses: Mapping[int, float]
    saves: Sequence[Save]
    ended_s: float | None

    @property
    def last_step(self) -> int:
        """The last step that it did, or the one it was resumed from."""
        return max(self.steps, default=self.resumed_from)


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit of a volume, and the checkpoints that it made durable.

    Attributes:
        time_s: When, in seconds since the epoch.
        task_id: The container that committed.
        volume: The volume's name.
        occasion: ``explicit``, ``background`` or ``exit``.
        checkpoints: Steps of the checkpoints in the volume after it.
    """

    time_s: float
    task_id: str
    volume: str
    occasion: str
    checkpoints: frozenset[int]


@dataclass(frozen=True, slots=True)
class Interruption:
    """A fault that was injected.

    Attributes:
        time_s: When, in seconds since the epoch.
        task_id: The container that it hit.
        kind: ``preempt``.
        step: Optimizer steps done at that time.
    """

    time_s: float
    task_id: str
    kind: str
    step: int


@dataclass(frozen=True, slots=True)
class ContainerLife:
    """A container's life. Times in seconds since the epoch; `ended_s` None while it lives."""

    task_id: str
    function: str
    gpus: str
    rank: int
    started_s: float
    ended_s: float | None
    exit_code: int | None
    interrupted: str


@dataclass(frozen=True)
class History:
    """Everything that was seen in a rehearsal."""

    started_s: float
    ended_s: float
    client_exit: int | None
    refusal: str = ""
    containers: Sequence[ContainerLife] = ()
    attempts: Sequence[Attempt] = ()
    commits: Sequence[Commit] = ()
    interruptions: Sequence[Interruption] = ()
    unserved: Sequence[str] = ()
    changes: Sequence[str] = ()
    not_shown: Sequence[str] = ()
    stood_in: Sequence[str] = ()
    ranks_asked: int = 0
    client_tail: Sequence[str] = field(default=(), repr=False)

    def attempt_after(self, interruption: Interruption) -> Attempt | None:
        """The first attempt that began after an interruption."""
        return next((one for one in self.attempts if one.began_s > interruption.time_s), None)

    def attempt_during(self, interruption: Interruption) -> Attempt | None:
        """The attempt that an interruption hit."""
        before = [one for one in self.attempts if one.began_s <= interruption.time_s]
        return before[-1] if before else None

    def committed_before(self, time_s: float) -> frozenset[int]:
        """Steps of the checkpoints that were durable at a time."""
        newest: dict[str, frozenset[int]] = {}
        for commit in self.commits:
            if commit.time_s <= time_s:
                newest[commit.volume] = commit.checkpoints
        return frozenset().union(*newest.values())


def attempts_of(events: Iterable[TrainingEvent]) -> list[Attempt]:
    """The attempts that rank 0 of a training reported, in order of time."""
    by_process: dict[tuple[str, int], list[TrainingEvent]] = {}
    for event in events:
        if event.rank == 0 and event.step is not None:
            by_process.setdefault((event.task_id, event.pid), []).append(event)
    attempts = [
        _attempt(task_id, own) for (task_id, _), own in by_process.items() if own[0].kind == "train_begin"
    ]
    return sorted(attempts, key=lambda attempt: attempt.began_s)


def _attempt(task_id: str, events: Sequence[TrainingEvent]) -> Attempt:
    begin = events[0]
    numbered = [(event, event.step) for event in events if event.step is not None]
    return Attempt(
        task_id=task_id,
        began_s=begin.time,
        resumed_from=begin.step or 0,
        max_steps=int(begin.values["max_steps"]),
        world_size=int(begin.values["world_size"]),
        steps={step: event.time for event, step in numbered if event.kind == "step_end"},
        losses={step: float(event.values["loss"]) for event, step in numbered if event.kind == "log"},
        saves=[Save(step, event.time) for event, step in numbered if event.kind == "save"],
        ended_s=next((event.time for event in events if event.kind == "train_end"), None),
    )


def checkpoints_in(tree: Path) -> frozenset[int]:
    """Steps of the folders named ``checkpoint-STEP`` anywhere in a volume's tree that hold a file."""
    steps = set()
    for path in tree.rglob("checkpoint-*"):
        match = _CHECKPOINT.match(path.name)
        shallow = len(path.relative_to(tree).parts) <= _CHECKPOINT_DEPTH
        if match and shallow and path.is_dir() and any(entry.is_file() for entry in path.iterdir()):
            steps.add(int(match[1]))
    return frozenset(steps)
