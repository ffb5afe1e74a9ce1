"""What the ranks decide together between two steps: go on, save, stop, go back, or give up."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import IntEnum
from typing import Any

from transformers import TrainerCallback

from tminus.train.config import TrainConfig
from tminus.train.ranks import Ranks
from tminus.train.schedule import SaveSchedule
from tminus.train.signals import StopRequest
from tminus.train.stop_clock import StopClock
from tminus.train.trainer import CheckpointedTrainer


class Verdict(IntEnum):
    """What happens at a boundary; where ranks wish for different things, the largest wins."""

    GO_ON = 0
    SAVE = 1
    STOP = 2
    """Save and stop: the run goes on in another attempt."""

    ROLL_BACK = 3
    """Go back to the last good checkpoint, and on with another order of the rows."""

    GIVE_UP = 4
    """Stop without saving: too many updates were bad, or something could not be written."""


class Boundary(TrainerCallback):  # type: ignore[misc]  # transformers has no types
    """Agrees at the end of every step, and has the trainer act.

    A rank that left alone would leave the others waiting for its gradients. Only here, between two steps,
    do the random number generators belong to the state that is saved.
    """

    def __init__(
        self,
        config: TrainConfig,
        trainer: CheckpointedTrainer,
        ranks: Ranks,
        request: StopRequest,
        schedule: SaveSchedule,
        clock: StopClock,
        failed: Callable[[], bool],
        say: Callable[[str], None],
    ) -> None:
        """Make the callback of one attempt.

        Args:
            config: The run.
            trainer: The trainer that it belongs to.
            ranks: The ranks of the run.
            request: Set when this process is asked to stop.
            schedule: When a checkpoint is due.
            clock: When the attempt must stop.
            failed: Whether something could not be written; asked on rank 0.
            say: Takes one line for the user.
        """
        self._config = config
        self._trainer = trainer
        self._ranks = ranks
        self._request = request
        self._schedule = schedule
        self._clock = clock
        self._failed = failed
        self._say = say
        self.verdict = Verdict.GO_ON
        """The last that was decided."""

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Take the intervals from the configuration: a resumed state carries those of the attempt before."""
        state.compute_steps(args, state.max_steps)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Agree, and ask the trainer to save and stop."""
        now = time.monotonic()
        self._schedule.step_ended(now)
        if args.ignore_data_skip:  # a stream goes on by itself; the trainer counts its epochs from there
            state.epoch = state.global_step / state.max_steps
        self.verdict = Verdict(self._ranks.highest(self._wish(state.global_step, now)))
        control.should_save = self.verdict in (Verdict.SAVE, Verdict.STOP)
        if self.verdict >= Verdict.STOP:
            control.should_training_stop = True

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        """Learn from the device which updates were left out, and decide what follows.

        Every rank has the same losses and gradient norms, so all decide the same.
        """
        if not logs or "loss" not in logs:
            return
        guard = self._trainer.guard
        new = guard.read(logs["loss"])
        # A loss that is not finite stays in the trainer's running sum, which it empties by subtraction.
        self._trainer.forget_running_loss()
        if new:
            self.verdict = self._after_bad_updates(new, state.global_step)
            if self.verdict >= Verdict.ROLL_BACK:
                control.should_save = False
                control.should_training_stop = True

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Learn what the save took."""
        trainer = self._trainer
        line = self._schedule.saved(time.monotonic(), trainer.stall_s, trainer.background_s)
        if line is not None:
            self._say(line)

    def _wish(self, step: int, now: float) -> Verdict:
        if self._ranks.main:
            if self._failed():
                return Verdict.GIVE_UP
            trainer = self._trainer
            save_s = trainer.longest_stall_s + trainer.background_s
            why = self._clock.must_stop(time.time(), self._schedule.longest_step_s, save_s)
            if why is not None and step < self._trainer.state.max_steps:
                self._say(f"stopping after step {step}, {why}")
                return Verdict.STOP
        if self._request.requested:
            return Verdict.STOP
        return Verdict.SAVE if self._ranks.main and self._schedule.due(step, now) else Verdict.GO_ON

    def _after_bad_updates(self, new: int, step: int) -> Verdict:
        config, guard = self._config, self._trainer.guard
        what = f"{new} update{'s' * (new != 1)} up to step {step} left out: gradients not finite"
        if config.spike_factor is not None:
            what += f", or a loss above {config.spike_factor:g} times the median"
        self._say(f"{what} ({guard.total} of at most {config.max_bad_steps} in this run)")
        if config.on_bad_step == "stop" or guard.total > config.max_bad_steps:
            return Verdict.GIVE_UP
        return Verdict.ROLL_BACK if config.on_bad_step == "rollback" else self.verdict
