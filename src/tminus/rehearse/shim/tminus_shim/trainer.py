"""transformers' Trainer and its subclasses: the global batch is kept, and events are recorded."""

from __future__ import annotations

import functools
import inspect
import os
import sys
from typing import Any

from . import faults, loop
from .state import change, record, setting
from .torch_run import ranks_asked_per_rank

_SCALED = "_tminus_accumulation_scaled"


def adapt(module: Any) -> None:
    """Wrap the base class's `__init__`, which every subclass calls."""
    trainer = module.Trainer
    callback = _event_callback(module.TrainerCallback)
    original = trainer.__init__
    signature = inspect.signature(original)

    @functools.wraps(original)
    def __init__(self: Any, *positional: Any, **named: Any) -> None:  # noqa: N807 - it replaces the class's own
        args = signature.bind_partial(self, *positional, **named).arguments.get("args")
        if args is not None:
            _keep_global_batch(args)
        original(self, *positional, **named)
        self.add_callback(callback())

    trainer.__init__ = __init__


def _keep_global_batch(args: Any) -> None:
    factor = ranks_asked_per_rank()
    # tminus.train spreads the global batch over the ranks that it finds, and needs no help.
    if factor == 1 or not setting("scale_accumulation") or "tminus.train.batching" in sys.modules:
        return
    if hasattr(args, "steps_per_generation") or getattr(args, _SCALED, False):
        return
    old = args.gradient_accumulation_steps
    args.gradient_accumulation_steps = old * factor
    setattr(args, _SCALED, True)
    change("gradient_accumulation_steps", old, old * factor, f"each rank stands for {factor}")


def _event_callback(base: Any) -> Any:
    class RecordEvents(base):  # type: ignore[misc]
        """Appends what the Trainer does to the events file: every rank its beginning, rank 0 the rest."""

        def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            loop.trainer_runs(True)
            record(
                "train_begin",
                world_size=args.world_size,
                step=state.global_step,
                max_steps=state.max_steps,
                micro_batch=args.per_device_train_batch_size,
                accumulation=args.gradient_accumulation_steps,
                output_dir=str(args.output_dir),
            )

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if state.is_world_process_zero:
                record("step_end", step=state.global_step)
            faults.at_step(state.global_step)

        def on_log(
            self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kwargs: Any
        ) -> None:
            if state.is_world_process_zero and logs and "loss" in logs:
                shown = {name: logs[name] for name in ("loss", "learning_rate", "grad_norm") if name in logs}
                record("log", step=state.global_step, **{name: float(value) for name, value in shown.items()})

        def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if state.is_world_process_zero:
                directory = os.path.join(args.output_dir, f"checkpoint-{state.global_step}")  # noqa: PTH118
                record("save", step=state.global_step, directory=directory)

        def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            loop.trainer_runs(False)
            if state.is_world_process_zero:
                record("train_end", step=state.global_step)

    return RecordEvents
