"""When to save: every so many steps, every so often, or as often as it pays. No torch."""

from __future__ import annotations

import math
from collections import deque

from tminus.estimate.interval import optimal_interval_s
from tminus.train.durations import format_duration, parse_duration_s

_DAY_S = 86400.0
_FIRST_MEASURED_STEP = 5
"""`auto` saves for the first time after this many steps of an attempt, to measure what a save costs."""

_SHORTEST_STALL_S = 0.01
_WINDOW = 20


class SaveSchedule:
    """Says after which steps a checkpoint is due, from what was asked for and what was measured.

    The clock is the caller's (`time.monotonic`), so that every decision can be repeated.
    """

    def __init__(
        self, every: int | str | None, total_steps: int, interruptions_per_day: float, now: float
    ) -> None:
        """Begin an attempt.

        Args:
            every: Optimizer steps, a time such as `10min`, `auto`, or None for a tenth of the run.
            total_steps: Optimizer steps of the whole run.
            interruptions_per_day: How often the machine is expected to be taken away.
            now: Seconds on a monotonic clock.
        """
        self._total = total_steps
        self._mean_time_s = _DAY_S / interruptions_per_day
        self._auto = every == "auto"
        self._every_steps: int | None = None
        self._every_s: float | None = None
        if every is None:
            self._every_steps = math.ceil(total_steps / 10)
        elif isinstance(every, int):
            self._every_steps = every
        elif not self._auto:
            self._every_s = parse_duration_s(every)
        self._steps_s: deque[float] = deque(maxlen=_WINDOW)
        self._steps_here = 0
        self._step_ended = self._saved = now

    @property
    def longest_step_s(self) -> float:
        """The longest of the last steps with all that came with it, such as an evaluation, in seconds."""
        return max(self._steps_s, default=0.0)

    def step_ended(self, now: float) -> None:
        """Measure a step."""
        self._steps_here += 1
        self._steps_s.append(now - self._step_ended)
        self._step_ended = now

    def due(self, step: int, now: float) -> bool:
        """Whether a checkpoint is due after this step. It always is after the last one."""
        if step >= self._total:
            return True
        if self._every_steps is not None:
            return step % self._every_steps == 0
        if self._every_s is None:  # auto, and nothing is measured yet
            return self._steps_here >= _FIRST_MEASURED_STEP
        return now - self._saved >= self._every_s

    def saved(self, now: float, stall_s: float, background_s: float) -> str | None:
        """Take note of a save, and weigh anew with `auto`.

        Args:
            now: Seconds on the clock.
            stall_s: Seconds for which the training stood still: what a save costs.
            background_s: Seconds until the last one was written and durable: saves cannot come faster.

        Returns:
            A line that says what the interval is now, where it has changed much.
        """
        self._saved = self._step_ended = now
        if not self._auto:
            return None
        cost_s = max(stall_s, _SHORTEST_STALL_S)
        before, after = self._every_s, max(optimal_interval_s(cost_s, self._mean_time_s), background_s)
        self._every_s = after
        if before is not None and 0.8 < after / before < 1.25:
            return None
        return (
            f"checkpoints every {format_duration(after)}: a save stops training for "
            f"{format_duration(cost_s)}, and an interruption is expected every "
            f"{format_duration(self._mean_time_s)} (Young and Daly)"
        )
