"""Ending a run whose evaluation no longer gets better.

Whether it should end is told from the evaluations alone, which every checkpoint carries: an attempt that
resumes decides as the one before it would have.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from transformers import TrainerCallback


def is_over(history: Iterable[Mapping[str, Any]], patience: int | None) -> bool:
    """Whether the last `patience` evaluations are all no better than the best one before them."""
    losses = [float(line["eval_loss"]) for line in history if "eval_loss" in line]
    if patience is None or len(losses) <= patience:
        return False
    return min(losses[-patience:]) >= min(losses[:-patience])


def was_over(checkpoint: Path, patience: int | None) -> bool:
    """Whether the run of a checkpoint has ended at it."""
    state = json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
    return is_over(state["log_history"], patience)


class StopEarly(TrainerCallback):  # type: ignore[misc]  # transformers has no types
    """Saves and ends the run after the evaluation that shows that it is over; all ranks see the same."""

    def __init__(self, patience: int | None) -> None:
        self._patience = patience
        self.stopped = False
        """Whether the run has ended so."""

    def on_evaluate(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Decide."""
        if is_over(state.log_history, self._patience):
            self.stopped = True
            control.should_save = True
            control.should_training_stop = True
