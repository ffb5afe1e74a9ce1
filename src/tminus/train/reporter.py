"""What a run tells its user: lines, and a progress bar where the terminal can show one. Rank 0 only."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from tminus.train.durations import format_duration


class Reporter:
    """Prints to stderr, so that stdout stays the caller's."""

    def __init__(self, *, speaks: bool) -> None:
        """Make a reporter.

        Args:
            speaks: False on every rank but one.
        """
        from rich.console import Console

        self._speaks = speaks
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._bar: Any = None
        self._task: Any = None

    def say(self, line: str) -> None:
        """Print one line."""
        if not self._speaks:
            return
        if self._bar is not None:
            self._console.print(f"tminus: {line}", markup=False)
        else:
            print(f"tminus: {line}", file=sys.stderr, flush=True)

    def start(self, done: int, total: int) -> None:
        """Begin to show progress at `done` of `total` steps."""
        if not self._speaks or not self._console.is_terminal:
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        self._bar = Progress(
            TextColumn("training"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[figures]}"),
            console=self._console,
        )  # fmt: skip
        self._task = self._bar.add_task("training", total=total, completed=done, figures="")
        self._bar.start()

    def progress(self, values: Mapping[str, Any]) -> None:
        """Show one line of metrics, with the figures that `Meter.measure` gives."""
        if not self._speaks:
            return
        if self._bar is not None:
            self._bar.update(self._task, completed=values["step"], figures=figures(values))
        else:
            self.say(f"step {values['step']}/{values['total_steps']}  {figures(values)}")

    def stop(self) -> None:
        """Take the progress bar down."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def figures(values: Mapping[str, Any]) -> str:
    """What is known of loss, learning rate, speed, use of the GPU, memory, time left and dollars so far."""
    shown = [f"loss {values['loss']:.4g}", f"lr {values['learning_rate']:.2e}"]
    for name, form in (
        ("tokens_per_s", "{:,.0f} tokens/s"),
        ("mfu", "{:.1%} MFU"),
        ("memory_gib", "{:.1f} GiB"),
    ):
        if values.get(name) is not None:
            shown.append(form.format(values[name]))
    if values.get("eta_s") is not None:
        shown.append(f"{format_duration(values['eta_s'])} left")
    if values.get("usd") is not None:
        shown.append(f"${values['usd']:.2f}")
    return "  ".join(shown)
