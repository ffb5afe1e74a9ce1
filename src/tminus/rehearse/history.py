"""What happened in a rehearsal: the control plane's record and the containers' own, in one order."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tminus.rehearse.loops import Content, Loop, Read, Write, loops_of
from tminus.rehearse.observed import TrainingEvent
from tminus.rehearse.shim.tminus_shim.content import content_of

_CHECKPOINT = re.compile(r"^checkpoint-(\d+)$")
_TENSOR_FILES = frozenset({".pt", ".pth", ".ckpt", ".bin", ".tar", ".safetensors"})
FileState = tuple[int, int, int]
"""Inode, size in bytes and time of the last change of a file, in nanoseconds."""

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
        max_steps: Steps of the whole run; 0 where a loop of the script's own does not say.
        world_size: Processes that trained.
        steps: Step to the time at which it was done.
        losses: Step to its loss.
        saves: Checkpoints, in order.
        ended_s: When the training loop was left; None where it never was.
        recognised: Whether it began with weights that were seen before; a Trainer says so itself.
        optimizer_restored: Whether its optimizer went on where it had been; None where that is not known.
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
    recognised: bool = True
    optimizer_restored: bool | None = None

    @property
    def saved_step(self) -> int | None:
        """Step of its newest checkpoint, or of the one that it was resumed from; None without one."""
        return self.saves[-1].step if self.saves else self.resumed_from or None

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
        contents: What the files of tensors in the volume held after it.
    """

    time_s: float
    task_id: str
    volume: str
    occasion: str
    checkpoints: frozenset[int]
    contents: frozenset[Content] = frozenset()


@dataclass(frozen=True, slots=True)
class Interruption:
    """A fault that was injected.

    Attributes:
        time_s: When, in seconds since the epoch.
        task_id: The container that it hit.
        kind: What it was, as in `FaultKind`.
        step: Optimizer steps done at that time.
        fault: The fault as it was asked for.
    """

    time_s: float
    task_id: str
    kind: str
    step: int
    fault: str = ""


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
    """Everything that was seen in a rehearsal; `retries` are failed inputs that the platform ran again."""

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
    writes: Sequence[Write] = field(default=(), repr=False)
    reads: Sequence[Read] = field(default=(), repr=False)
    retries: int = 0

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
    """The attempts of a training, in order of time: those that a Trainer reported, and loops.

    Raises:
        ValueError: An event holds a number that is none.
    """
    events = list(events)
    attempts = [*_reported(events), *(_looped(loop) for loop in loops_of(events))]
    return sorted(attempts, key=lambda attempt: attempt.began_s)


def with_steps(commits: Iterable[Commit], writes: Iterable[Write]) -> list[Commit]:
    """Commits with the steps of those files in them that a loop wrote as a whole."""
    steps = {write.content: write.step for write in writes if write.content is not None and write.step}
    return [
        replace(one, checkpoints=one.checkpoints | {steps[held] for held in one.contents if held in steps})
        for one in commits
    ]


def _reported(events: Iterable[TrainingEvent]) -> list[Attempt]:
    by_process: dict[tuple[str, int], list[TrainingEvent]] = {}
    for event in events:
        if event.rank == 0 and event.step is not None:
            by_process.setdefault((event.task_id, event.pid), []).append(event)
    attempts = []
    for (task_id, _), own in by_process.items():
        begin = next((index for index, one in enumerate(own) if one.kind == "train_begin"), None)
        if begin is not None:
            attempts.append(_attempt(task_id, own[begin:]))
    return attempts


def _looped(loop: Loop) -> Attempt:
    begin = loop.begin
    losses = {step: one.values["loss"] for step, one in loop.updates.items()}
    return Attempt(
        task_id=begin.task_id,
        began_s=begin.time,
        resumed_from=loop.resumed_from,
        max_steps=0,
        world_size=int(begin.values["world_size"]),
        steps={step: one.time for step, one in loop.updates.items()},
        losses={step: float(loss) for step, loss in losses.items() if loss is not None},
        saves=[
            Save(step, time_s)
            for step, time_s in {one.step: one.begun_s for one in loop.writes if one.content}.items()
        ],
        ended_s=loop.ended_s,
        recognised=loop.recognised,
        optimizer_restored=loop.optimizer_restored,
    )


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


def contents_in(tree: Path, known: dict[FileState, Content]) -> frozenset[Content]:
    """What the files of tensors in a volume's tree hold.

    Args:
        tree: The tree.
        known: What files held that were read before; those that are read now are added.
    """
    found = set()
    for path in tree.rglob("*"):
        if path.suffix in _TENSOR_FILES and path.is_file() and not path.is_symlink():
            # Another container's commit may take a file away at this moment.
            with contextlib.suppress(OSError):
                state = path.stat()
                key = (state.st_ino, state.st_size, state.st_mtime_ns)
                if key not in known:
                    known[key] = content_of(str(path))
                found.add(known[key])
    return frozenset(found)


def of_whole_saves(commits: Iterable[Commit], attempts: Sequence[Attempt]) -> list[Commit]:
    """Commits without those checkpoints of a Trainer that it had not finished by then.

    A folder of a save that was cut short looks like a checkpoint, and is none: not to resume from it is
    right. A Trainer says when a save is whole; loops of a script's own are known by what their files hold.
    """
    if not any(attempt.max_steps for attempt in attempts):
        return list(commits)
    whole_s: dict[int, float] = {}
    for save in (save for attempt in attempts for save in attempt.saves):
        whole_s[save.step] = min(save.time_s, whole_s.get(save.step, save.time_s))
    return [
        replace(
            one,
            checkpoints=frozenset(s for s in one.checkpoints if s in whole_s and whole_s[s] <= one.time_s),
        )
        for one in commits
    ]


def checkpoints_in(tree: Path) -> frozenset[int]:
    """Steps of the folders named ``checkpoint-STEP`` anywhere in a volume's tree that hold a file."""
    steps = set()
    for path in tree.rglob("checkpoint-*"):
        match = _CHECKPOINT.match(path.name)
        shallow = len(path.relative_to(tree).parts) <= _CHECKPOINT_DEPTH
        if match and shallow and path.is_dir() and any(entry.is_file() for entry in path.iterdir()):
            steps.add(int(match[1]))
    return frozenset(steps)
