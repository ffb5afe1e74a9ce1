"""What a rehearsal does to a run, and when: faults by name, at a step, after a time, or within a phase."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

_PATIENCE_STEPS = 2
# Random faults come in the middle of a run: before the first save there is nothing to lose.
_EARLIEST, _LATEST = 0.15, 0.9


class FaultKind(StrEnum):
    """What happens to the run."""

    PREEMPT = "preempt"
    KILL = "kill"
    KILL_RANK = "kill-rank"
    OOM = "oom"
    TIMEOUT = "timeout"
    DISK_FULL = "disk-full"

    @property
    def costs_retry(self) -> bool:
        """Whether a function that it ends uses up a retry: what the platform does to a container is free."""
        return self not in (FaultKind.PREEMPT, FaultKind.KILL)


class Phase(StrEnum):
    """Something that a fault can come in the middle of."""

    SAVE = "save"
    COMMIT = "commit"
    RESUME = "resume"


@dataclass(frozen=True, slots=True)
class Spread:
    """The i-th of n faults that are spread evenly over the steps, from 1."""

    index: int
    of: int

    def is_due(self, *, step: int, total_steps: int, saved_step: int | None) -> bool:
        """Whether the moment has come.

        It comes once i/(n+1) of the steps are done, at a step with a checkpoint before it that is not a
        checkpoint's own: something to find, something to lose. A run that saves at every step has no such
        step, and is interrupted after a few.

        Args:
            step: Optimizer steps done.
            total_steps: Steps of the whole run.
            saved_step: Step of the newest checkpoint of this attempt or of the one it was resumed from.
        """
        target = total_steps * self.index / (self.of + 1)
        if saved_step is None or step < target:
            return False
        return step != saved_step or step >= target + _PATIENCE_STEPS


@dataclass(frozen=True, slots=True)
class AtStep:
    """Once so many optimizer steps of the run are done."""

    step: int


@dataclass(frozen=True, slots=True)
class After:
    """So many seconds after the training began."""

    seconds: float


@dataclass(frozen=True, slots=True)
class During:
    """In the middle of the n-th save or commit, from 1, or of the load after a first interruption."""

    phase: Phase
    nth: int = 1


Moment = Spread | AtStep | After | During


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Attributes:
        kind: What happens.
        moment: When.
        rank: Which rank dies, for `FaultKind.KILL_RANK`.
    """

    kind: FaultKind
    moment: Moment
    rank: int = 0

    def __str__(self) -> str:
        """As `parse` reads it."""
        who = f":{self.rank}" if self.kind is FaultKind.KILL_RANK else ""
        match self.moment:
            case AtStep(step):
                when = f"@step:{step}"
            case After(seconds):
                when = f"@{seconds:g}s"
            case During(Phase.RESUME):
                when = "@resume"
            case During(phase, nth):
                when = f"@{phase.value}:{nth}"
            case _:
                when = ""
        return f"{self.kind.value}{who}{when}"

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Read ``kill@step:12``, ``preempt@30s``, ``kill@save:2``, ``kill-rank:1@step:5``, ``preempt``.

        Raises:
            ValueError: It is none of these, or a combination that cannot be made; in words for the user.
        """
        match = _SPEC.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"{text!r} is no fault. {_GRAMMAR}")
        kind, moment = FaultKind(match["kind"]), _moment(match)
        if (match["rank"] is not None) != (kind is FaultKind.KILL_RANK):
            raise ValueError(f"{text!r}: kill-rank names a rank, as in kill-rank:1@step:5; the others do not")
        if kind is FaultKind.DISK_FULL and not (isinstance(moment, During) and moment.phase is Phase.SAVE):
            raise ValueError(f"{text!r}: a disk is full while something is saved, as in disk-full@save:1")
        if kind is FaultKind.KILL_RANK and not isinstance(moment, AtStep):
            raise ValueError(f"{text!r}: a rank is killed after a step, as in kill-rank:1@step:5")
        return cls(kind, moment, int(match["rank"] or 0))

    def for_shim(self, name: str) -> Mapping[str, Any] | None:
        """What a process of the training has to do for it; None where the control plane does it all.

        Args:
            name: Tells it from the other faults of the rehearsal.
        """
        match self.kind, self.moment:
            case FaultKind.KILL_RANK, AtStep(step):
                return {"id": name, "kind": "kill-rank", "rank": self.rank, "step": step}
            case FaultKind.DISK_FULL, During(_, nth):
                return {"id": name, "kind": "disk-full", "nth": nth}
            case _, AtStep(step):
                return {"id": name, "kind": "hold-step", "step": step}
            case _, During(Phase.SAVE, nth):
                return {"id": name, "kind": "hold-save", "nth": nth}
            case _, During(Phase.RESUME):
                return {"id": name, "kind": "hold-load"}
        return None


_SPEC = re.compile(
    r"(?P<kind>kill-rank|preempt|kill|oom|timeout|disk-full)(?::(?P<rank>\d+))?"
    r"(?:@(?:step:(?P<step>\d+)|(?P<seconds>\d+(?:\.\d+)?)s|(?P<phase>save|commit)(?::(?P<nth>[1-9]\d*))?"
    r"|(?P<resume>resume)))?"
)
_GRAMMAR = (
    "A fault is preempt, kill, kill-rank:RANK, oom, timeout or disk-full, and when it comes: @step:12, @30s, "
    "@save:2, @commit:1 or @resume"
)


def _moment(match: re.Match[str]) -> Moment:
    if match["step"]:
        return AtStep(int(match["step"]))
    if match["seconds"]:
        return After(float(match["seconds"]))
    if match["resume"]:
        return During(Phase.RESUME)
    if match["phase"]:
        return During(Phase(match["phase"]), int(match["nth"] or 1))
    return Spread(1, 1)


@dataclass(frozen=True, slots=True)
class Faults:
    """Everything that goes wrong in a rehearsal.

    Attributes:
        events: Single faults, in the order in which they were given.
        rpc_error_rate: Share of the containers' calls that the control plane fails, from 0 to 1.
        volume_delay_s: Seconds by which every commit is late.
        seed: Of what is drawn at random.
    """

    events: Sequence[Fault] = ()
    rpc_error_rate: float = 0.0
    volume_delay_s: float = 0.0
    seed: int = 0

    @classmethod
    def of(cls, events: Iterable[Fault], **others: Any) -> Faults:
        """Faults of which those without a moment are spread evenly over the run."""
        given = list(events)
        spread = [index for index, one in enumerate(given) if isinstance(one.moment, Spread)]
        for place, index in enumerate(spread, start=1):
            given[index] = replace(given[index], moment=Spread(place, len(spread)))
        return cls(tuple(given), **others)

    def arguments(self) -> list[str]:
        """The options of `tminus rehearse` that ask for them."""
        said = [part for one in self.events for part in ("--fault", str(one))]
        if self.rpc_error_rate:
            said += ["--rpc-errors", f"{self.rpc_error_rate:g}"]
        if self.volume_delay_s:
            said += ["--slow-volume", f"{self.volume_delay_s:g}"]
        return [*said, "--seed", str(self.seed)] if self.rpc_error_rate else said


def preemptions(count: int) -> Faults:
    """So many preemptions, spread evenly over the run."""
    return Faults.of([Fault(FaultKind.PREEMPT, Spread(1, 1))] * count)


def random_faults(seed: int, steps: int, ranks: int, *, costs_retry: bool) -> Faults:
    """A schedule of one to three faults, the same for the same arguments.

    Args:
        seed: What it is drawn by.
        steps: Optimizer steps of the run.
        ranks: Ranks of a container.
        costs_retry: Whether the function has retries, so that faults that use one up can be survived.
    """
    draw = random.Random(seed)
    free = [FaultKind.PREEMPT, FaultKind.KILL]
    costly = [FaultKind.OOM, FaultKind.TIMEOUT, FaultKind.DISK_FULL]
    events: list[Fault] = []
    for _ in range(draw.choice((1, 1, 2, 3))):
        # One retry is all that many scripts have.
        used = any(one.kind.costs_retry for one in events)
        kinds = free * 3 + (costly + [FaultKind.KILL_RANK] * (ranks > 1) if costs_retry and not used else [])
        kind = draw.choice(kinds)
        step = AtStep(draw.randint(max(1, int(steps * _EARLIEST)), max(1, int(steps * _LATEST))))
        moment: Moment = step
        if kind is FaultKind.DISK_FULL:
            moment = During(Phase.SAVE, draw.randint(1, 3))
        elif not kind.costs_retry and draw.random() < 0.5:
            phase = draw.choice(list(Phase) if events else [Phase.SAVE, Phase.COMMIT])
            moment = During(phase, 1 if phase is Phase.RESUME else draw.randint(1, 3))
        events.append(Fault(kind, moment, draw.randrange(ranks) if kind is FaultKind.KILL_RANK else 0))
    rate = draw.choice((0.0, 0.0, 0.0, 0.05))
    delay = draw.choice((0.0, 0.0, 0.0, 1.0))
    return Faults(tuple(events), rate, delay, seed)
