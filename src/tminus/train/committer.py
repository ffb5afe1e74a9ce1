"""The second phase of publishing: make a complete checkpoint durable, then point to it.

On a thread of its own, so that neither a slow commit nor a control plane that is away stops the training.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from threading import Condition, Event, Thread

from tminus.train.checkpoint import Checkpoint
from tminus.train.pointer import move_pointer
from tminus.train.volume import commit_volume

Say = Callable[[str], None]


class Committer:
    """Commits checkpoints to a volume and moves the pointer, one after the other, the newest first.

    While a commit is tried again, later checkpoints replace the one that waits: a commit carries everything
    that is on the volume. Without a volume what is renamed is durable, and the pointer moves at once.
    """

    def __init__(self, volume: str | None, say: Say) -> None:
        self._volume = volume
        self._say = say
        self._changed = Condition()
        self._waiting: Checkpoint | None = None
        self._busy = False
        self._given_up = Event()
        self._failure: Exception | None = None
        self.commit_s = 0.0
        """Seconds that the slowest commit took until the pointer was moved."""
        self.durable_step: int | None = None
        """Step of the newest checkpoint that this attempt made durable."""
        if volume is not None:
            Thread(target=self._run, name="tminus-commit", daemon=True).start()

    def request(self, checkpoint: Checkpoint) -> None:
        """Make a complete checkpoint durable, soon."""
        if self._volume is None:
            self._point_to(checkpoint)
            return
        with self._changed:
            self._waiting = checkpoint
            self._changed.notify_all()

    def finish(self, patience_s: float) -> Exception | None:
        """Wait until everything that was requested is durable.

        Args:
            patience_s: Seconds after which it is given up.

        Returns:
            Why the newest checkpoint is not durable; None where it is.
        """
        with self._changed:
            done = self._changed.wait_for(lambda: self._waiting is None and not self._busy, patience_s)
            if not done:
                self._given_up.set()
                return self._failure or TimeoutError(f"no answer to the commit within {patience_s:.0f} s")
            return self._failure

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting is not None)
                checkpoint, self._waiting, self._busy = self._waiting, None, True
            failure: Exception | None = None
            try:
                if checkpoint is not None:
                    failure = self._commit(checkpoint)
            except OSError as error:  # the pointer could not be written
                failure = error
            with self._changed:
                self._busy, self._failure = False, failure
                self._changed.notify_all()

    def _commit(self, checkpoint: Checkpoint) -> Exception | None:
        volume = str(self._volume)
        started = time.monotonic()
        failure = commit_volume(volume, self._say, patience_s=math.inf, given_up=self._given_up)
        if failure is not None:
            self._say(
                f"volume {volume}: step {checkpoint.step} is NOT committed "
                f"({type(failure).__name__}: {failure}); training goes on"
            )
            return failure
        self._point_to(checkpoint)
        # The pointer is one small file. Where this commit fails, the next one carries it.
        commit_volume(volume, lambda line: None, patience_s=0.0)
        self.commit_s = max(self.commit_s, time.monotonic() - started)
        return None

    def _point_to(self, checkpoint: Checkpoint) -> None:
        if checkpoint.path.is_dir():
            move_pointer(checkpoint.path, checkpoint.manifest)
            self.durable_step = checkpoint.step
