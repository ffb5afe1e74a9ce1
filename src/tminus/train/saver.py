"""Writing checkpoints beside the training: one at a time, joined before the next one and at the end."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from tminus.train.checkpoint import Checkpoint, list_checkpoints
from tminus.train.errors import SaveError

Write = Callable[[], Checkpoint]
"""Writes, publishes and prunes; gives what was published."""


class Saver:
    """Runs the writing of one checkpoint at a time, on a thread of its own or at once."""

    def __init__(self, output_dir: Path, *, background: bool) -> None:
        """Make a saver.

        Args:
            output_dir: The run's directory.
            background: Write on another thread. False: `submit` returns when everything is on the disk.
        """
        self._output = output_dir
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="tminus-save") if background else None
        self._pending: Future[Checkpoint] | None = None
        self.write_s = 0.0
        """Seconds that the slowest save took from the copy in memory to the renamed directory."""

    @property
    def failed(self) -> bool:
        """Whether the save in flight has failed already; `wait` raises why."""
        pending = self._pending
        return pending is not None and pending.done() and pending.exception() is not None

    def submit(self, write: Write, step: int) -> None:
        """Write a checkpoint, after the one in flight.

        Raises:
            SaveError: The save before this one failed; or this one, where nothing runs in the background.
        """
        self.wait()
        if self._pool is None:
            self._timed(write, step)
        else:
            self._pending = self._pool.submit(self._timed, write, step)

    def wait(self) -> None:
        """Wait until the save in flight is on the disk.

        Raises:
            SaveError: It failed.
        """
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()

    def close(self) -> None:
        """Wait for the save in flight, whatever becomes of it, and end the thread."""
        if self._pool is not None:
            self._pool.shutdown(wait=True)

    def _timed(self, write: Write, step: int) -> Checkpoint:
        started = time.monotonic()
        try:
            checkpoint = write()
        except Exception as error:  # the libraries raise errors of their own for a full disk
            raise SaveError(self._explanation(error, step)) from error
        self.write_s = max(self.write_s, time.monotonic() - started)
        return checkpoint

    def _explanation(self, error: Exception, step: int) -> str:
        before = list_checkpoints(self._output)
        kept = f"{before[-1].path.name} is complete and untouched" if before else "there is none before it"
        free = shutil.disk_usage(self._output).free / 1024**2
        return (
            f"the checkpoint of step {step} could not be written ({type(error).__name__}: {error}); {kept}. "
            f"{self._output} has {free:,.0f} MiB left. Make room or lower keep_checkpoints, then start "
            "the run again: it goes on from the newest complete checkpoint."
        )
