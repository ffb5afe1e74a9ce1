"""When to interrupt a rehearsed run."""

from __future__ import annotations

from dataclasses import dataclass

_PATIENCE_STEPS = 2


@dataclass(frozen=True, slots=True)
class Preemptions:
    """Interruptions spread evenly over the training.

    Attributes:
        count: How many.
    """

    count: int = 0

    def is_due(self, *, step: int, total_steps: int, done: int, saved_step: int | None) -> bool:
        """Whether to interrupt now.

        The i-th of n comes once i/(n+1) of the steps are done, at a step with a checkpoint before it that is
        not a checkpoint's own: something to find, something to lose. A run that saves at every step has no
        such step, and is interrupted after a few.

        Args:
            step: Optimizer steps done.
            total_steps: Steps of the whole run.
            done: Interruptions made so far.
            saved_step: Step of the newest checkpoint of this attempt or of the one it was resumed from.
        """
        target = total_steps * (done + 1) / (self.count + 1)
        if done >= self.count or saved_step is None or step < target:
            return False
        return step != saved_step or step >= target + _PATIENCE_STEPS
