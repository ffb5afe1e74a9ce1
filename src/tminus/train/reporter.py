"""What a run tells its user: lines, and a progress bar where the terminal can show one. Rank 0 only."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any


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
        self._last: tuple[float, int] | None = None

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
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("training"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(), console=self._console,
        )  # fmt: skip
        self._task = self._bar.add_task("training", total=total, completed=done, figures="")
        self._bar.start()

    def progress(self, values: Mapping[str, Any]) -> None:
        """Show one line of metrics (`step`, `total_steps`, `loss`, `learning_rate`, `tokens`)."""
        if not self._speaks:
            return
        figures = f"loss {values['loss']:.4g}  lr {values['learning_rate']:.2e}{self._speed(values)}"
        if self._bar is not None:
            self._bar.update(self._task, completed=values["step"], figures=figures)
        else:
            self.say(f"step {values['step']}/{values['total_steps']}  {figures}")

    def stop(self) -> None:
        """Take the progress bar down."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _speed(self, values: Mapping[str, Any]) -> str:
        now, tokens = time.monotonic(), int(values.get("tokens") or 0)
        before, self._last = self._last, (now, tokens)
        if before is None or tokens <= before[1] or now <= before[0]:
            return ""
        return f"  {(tokens - before[1]) / (now - before[0]):,.0f} tokens/s"
