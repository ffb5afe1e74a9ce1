"""The last safe step before a deadline, from the times of steps, saves and commits that were measured."""

from __future__ import annotations

from collections.abc import Sequence

from tminus.train.allowance import End
from tminus.train.durations import format_duration

_CAUTION = 1.5
"""The last save is given this many times the longest one so far: it may meet a busier disk or network."""

_LEAVING_S = 5.0
"""For the processes to end once everything is saved."""

_UNMEASURED_SHARE = 0.1
_UNMEASURED_MOST_S = 120.0
"""Before anything was saved, a tenth of the time that is left after the first step, at most this much."""


class StopClock:
    """Says after which step training must stop so that what it did is saved in time."""

    def __init__(self, ends: Sequence[End], now: float) -> None:
        """Take the limits of an attempt.

        Args:
            ends: The moments; the first of them counts.
            now: Seconds since the epoch.
        """
        self._end = min(ends, key=lambda end: end.at, default=None)
        left_s = max(0.0, self._end.at - now) if self._end is not None else 0.0
        self._unmeasured_s = min(_UNMEASURED_SHARE * left_s, _UNMEASURED_MOST_S)

    def must_stop(self, now: float, step_s: float, save_s: float) -> str | None:
        """Why training must stop after the step that just ended; None where one more is safe.

        Args:
            now: Seconds since the epoch.
            step_s: The longest of the last steps.
            save_s: The longest save with its commit so far; 0 where nothing was saved yet.
        """
        if self._end is None:
            return None
        reserve_s = (_CAUTION * save_s if save_s > 0 else self._unmeasured_s) + _LEAVING_S
        left_s = self._end.at - now
        if left_s - step_s >= reserve_s:
            return None
        measured = "measured" if save_s > 0 else "assumed, since nothing was saved yet"
        return (
            f"{format_duration(max(0.0, left_s))} before {self._end.why}: a further step takes "
            f"{format_duration(step_s)}, and saving needs {format_duration(reserve_s)} ({measured})"
        )
