"""What happens at the boundaries of training steps besides training."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from tminus.train.metrics import METRICS_FILE, append_metrics
from tminus.train.ranks import Ranks
from tminus.train.reporter import Reporter
from tminus.train.signals import StopRequest
from tminus.train.volume import commit_volume


class StopAtBoundary(TrainerCallback):  # type: ignore[misc]  # transformers has no types
    """Saves and stops at the end of a step once any rank was asked to stop.

    The ranks agree in every step: a rank that left alone would leave the others waiting for its gradients.
    Only here, between two steps, do the random number generators belong to the state that is saved.
    """

    def __init__(self, request: StopRequest, ranks: Ranks) -> None:
        self._request = request
        self._ranks = ranks
        self.stopped = False
        """Whether the ranks agreed to stop."""

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Take the intervals from the configuration: a resumed state carries those of the attempt before."""
        state.compute_steps(args, state.max_steps)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Agree, and ask the trainer to save and stop."""
        if self._ranks.any(self._request.requested):
            self.stopped = True
            control.should_save = True
            control.should_training_stop = True


class CommitVolume(TrainerCallback):  # type: ignore[misc]  # transformers has no types
    """Commits the volume after every complete checkpoint, from rank 0.

    A commit that fails is reported and training goes on: the next one carries this checkpoint too.
    """

    def __init__(self, volume: str, say: Callable[[str], None]) -> None:
        self._volume = volume
        self._say = say

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Commit."""
        if not state.is_world_process_zero:
            return
        failure = commit_volume(self._volume, self._say)
        if failure is not None:
            self._say(
                f"volume {self._volume}: step {state.global_step} is NOT committed "
                f"({type(failure).__name__}: {failure}); training goes on"
            )


class RecordMetrics(TrainerCallback):  # type: ignore[misc]  # transformers has no types
    """Writes a line of metrics and shows progress whenever the trainer logs, on rank 0."""

    def __init__(self, output_dir: Path, attempt: int, resumed_from: int | None, reporter: Reporter) -> None:
        self._path = output_dir / METRICS_FILE
        self._attempt = attempt
        self._resumed_from = resumed_from
        self._reporter = reporter

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Show the progress so far."""
        self._reporter.start(state.global_step, state.max_steps)

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        """Write and show one line."""
        if not state.is_world_process_zero or not logs or "loss" not in logs:
            return
        values = {
            "step": state.global_step,
            "total_steps": state.max_steps,
            "epoch": logs.get("epoch"),
            "loss": logs["loss"],
            "learning_rate": logs.get("learning_rate"),
            "grad_norm": logs.get("grad_norm"),
            "tokens": int(logs.get("num_tokens") or 0),
            "time": time.time(),
            "attempt": self._attempt,
            "resumed_from": self._resumed_from,
        }
        self._reporter.progress(values)
        # JSON has no NaN; a line that other readers refuse would be worse than a missing number.
        append_metrics(self._path, {key: _finite(value) for key, value in values.items()})

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Take the progress bar down."""
        self._reporter.stop()


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
