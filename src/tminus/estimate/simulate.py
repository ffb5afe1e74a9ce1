"""A whole run, event by event, many times over: when it ends, what it costs, what is lost.

Where `tminus.estimate.run` adds up expectations, this plays a run through: containers are waited for, start,
work from save to save, are interrupted at random moments and start again from the last complete checkpoint.
It knows what sums do not: interruptions during a start or a save, attempts that run into their time limit,
retries that run out, and how far runs are from their mean.
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any


@dataclass(frozen=True, slots=True)
class Course:
    """What a run is made of; times in seconds.

    Attributes:
        steps: Optimizer steps.
        step_s: Time of one.
        step_spread: Standard deviation of the logarithm of a whole run's speed: what the estimate of a step
            leaves open. It is drawn once a run.
        save_every: Steps between checkpoints.
        save_s: Time that training waits for one.
        startup_s: From containers that are there to the first step.
        queue_s: Mean wait for containers, exponential; nothing is paid meanwhile.
        nodes: Containers that run together: the first that is interrupted stops all.
        mean_time_s: Mean time between interruptions of one container.
        usd_per_s: Price of all containers.
        timeout_s: Time limit of an attempt; None without one.
        retries: Attempts after the first that errors and time limits may use; interruptions use none.
    """

    steps: int
    step_s: float
    save_every: int
    save_s: float
    startup_s: float
    nodes: int = 1
    mean_time_s: float = math.inf
    usd_per_s: float = 0.0
    queue_s: float = 0.0
    step_spread: float = 0.0
    timeout_s: float | None = None
    retries: int = 0

    def __post_init__(self) -> None:
        """Refuse a run without work.

        Raises:
            ValueError: A count or a time is not positive; the message says which.
        """
        for name in ("steps", "step_s", "save_every", "nodes", "mean_time_s"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be positive, not {getattr(self, name)!r}")


@dataclass(frozen=True, slots=True)
class Played:
    """One run as it went.

    Attributes:
        finished: Whether all steps were done before the retries ran out.
        total_s: From the call to the end.
        usd: Price of the time in which containers ran.
        lost_s: Steps and saves that had to be repeated, or were never finished.
        interruptions: How often containers were taken away.
        timeouts: How often an attempt reached its time limit.
        saves: Complete checkpoints.
    """

    finished: bool
    total_s: float
    usd: float
    lost_s: float
    interruptions: int
    timeouts: int
    saves: int


class _Event(Enum):
    READY = "containers are there"
    STARTED = "the first step begins"
    WORKED = "the steps up to the next checkpoint are done"
    SAVED = "the checkpoint is complete"
    INTERRUPTED = "a container is taken away"
    TIMED_OUT = "the attempt has reached its time limit"


def play(course: Course, random_numbers: random.Random) -> Played:
    """Play one run through."""
    return _Run(course, random_numbers).play()


class _Run:
    """The state of a run between its events."""

    def __init__(self, course: Course, numbers: random.Random) -> None:
        self.course, self.numbers = course, numbers
        spread = course.step_spread
        self.step_s = course.step_s * (math.exp(numbers.gauss(0.0, spread)) if spread else 1.0)
        self.queue: list[tuple[float, int, _Event, int]] = []
        self.order = 0
        self.attempt = 0
        self.done = 0  # steps in complete checkpoints
        self.working = 0  # steps of the piece in work
        self.piece_began_s: float | None = None
        self.paid_since_s: float | None = None
        self.paid_s = self.lost_s = 0.0
        self.interruptions = self.timeouts = self.saves = 0

    def play(self) -> Played:
        self._wait(0.0)
        while True:
            now, _, event, attempt = heapq.heappop(self.queue)
            if attempt != self.attempt:
                continue  # of an attempt that is over
            if event is _Event.READY:
                self._begin(now)
            elif event is _Event.STARTED:
                self._work(now)
            elif event is _Event.WORKED:
                self._at(now + self.course.save_s, _Event.SAVED)
            elif event is _Event.SAVED:
                self.done += self.working
                self.saves += 1
                if self.done >= self.course.steps:
                    return self._ended(now, finished=True)
                self._work(now)
            else:
                self._stopped(now)
                if event is _Event.INTERRUPTED:
                    self.interruptions += 1
                else:
                    self.timeouts += 1
                    if self.timeouts > self.course.retries:
                        return self._ended(now, finished=False)
                self._wait(now)

    def _at(self, moment_s: float, event: _Event) -> None:
        self.order += 1
        heapq.heappush(self.queue, (moment_s, self.order, event, self.attempt))

    def _wait(self, now: float) -> None:
        self.attempt += 1
        wait = self.numbers.expovariate(1 / self.course.queue_s) if self.course.queue_s else 0.0
        self._at(now + wait, _Event.READY)

    def _begin(self, now: float) -> None:
        course = self.course
        self.paid_since_s = now
        if math.isfinite(course.mean_time_s):
            # The first of several containers, each interrupted at a constant rate.
            self._at(now + self.numbers.expovariate(course.nodes / course.mean_time_s), _Event.INTERRUPTED)
        if course.timeout_s is not None:
            self._at(now + course.timeout_s, _Event.TIMED_OUT)
        self._at(now + course.startup_s, _Event.STARTED)

    def _work(self, now: float) -> None:
        self.piece_began_s = now
        self.working = min(self.course.save_every, self.course.steps - self.done)
        self._at(now + self.working * self.step_s, _Event.WORKED)

    def _stopped(self, now: float) -> None:
        if self.piece_began_s is not None:
            self.lost_s += now - self.piece_began_s
            self.piece_began_s = None
        if self.paid_since_s is not None:
            self.paid_s += now - self.paid_since_s
            self.paid_since_s = None

    def _ended(self, now: float, finished: bool) -> Played:
        self.piece_began_s = None
        self._stopped(now)
        usd = self.paid_s * self.course.usd_per_s
        return Played(finished, now, usd, self.lost_s, self.interruptions, self.timeouts, self.saves)


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure's distribution over many runs: mean and three quantiles."""

    mean: float
    p10: float
    p50: float
    p90: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> Spread:
        """The distribution of some figures, of which there is at least one."""
        ordered = sorted(figures)

        def quantile(share: float) -> float:
            place = share * (len(ordered) - 1)
            low = int(place)
            high = min(low + 1, len(ordered) - 1)
            return ordered[low] + (ordered[high] - ordered[low]) * (place - low)

        return cls(sum(ordered) / len(ordered), quantile(0.1), quantile(0.5), quantile(0.9))

    def scaled(self, factor: float, digits: int) -> dict[str, float]:
        """The figures in another unit, as JSON values."""
        return {name: round(getattr(self, name) * factor, digits) for name in ("mean", "p10", "p50", "p90")}


@dataclass(frozen=True, slots=True)
class Simulation:
    """What many runs of a course did.

    Attributes:
        course: The course.
        runs: How many were played.
        seed: The seed of the random numbers: the same gives the same.
        finished: Share of them that did all steps.
        total_s: Time from the call to the end.
        usd: Price.
        lost_s: Work that was repeated or never finished.
        interruptions: Interruptions a run.
    """

    course: Course
    runs: int
    seed: int
    finished: float
    total_s: Spread
    usd: Spread
    lost_s: Spread
    interruptions: Spread

    def to_dict(self) -> dict[str, Any]:
        """The distributions as JSON values."""
        return {
            "runs": self.runs,
            "seed": self.seed,
            "finished_share": round(self.finished, 3),
            "hours": self.total_s.scaled(1 / 3600, 3),
            "usd": self.usd.scaled(1, 2),
            "lost_hours": self.lost_s.scaled(1 / 3600, 3),
            "interruptions": self.interruptions.scaled(1, 2),
        }


def simulate(course: Course, runs: int = 400, seed: int = 0) -> Simulation:
    """Play a course many times.

    Raises:
        ValueError: `runs` is below one.
    """
    if runs < 1:
        raise ValueError(f"at least one run has to be played, not {runs}")
    numbers = random.Random(seed)
    played = [play(course, numbers) for _ in range(runs)]
    return Simulation(
        course=course,
        runs=runs,
        seed=seed,
        finished=sum(one.finished for one in played) / runs,
        total_s=Spread.of([one.total_s for one in played]),
        usd=Spread.of([one.usd for one in played]),
        lost_s=Spread.of([one.lost_s for one in played]),
        interruptions=Spread.of([float(one.interruptions) for one in played]),
    )


def daly_total_s(
    work_s: float, interval_s: float, save_s: float, restart_s: float, mean_time_s: float
) -> float:
    """Expected time of a run by Daly's complete model: M e^(R/M) (e^((τ+δ)/M) - 1) W / τ.

    Source: J. T. Daly, Future Generation Computer Systems 22 (2006),
    https://doi.org/10.1016/j.future.2004.11.016, equation 13. It counts interruptions during restarts and
    saves; the first start is not in it.
    """
    pieces = work_s / interval_s
    again = math.exp(restart_s / mean_time_s) * (math.exp((interval_s + save_s) / mean_time_s) - 1)
    return mean_time_s * again * pieces
