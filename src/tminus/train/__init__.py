"""Crash-safe fine-tuning on the ecosystem's own parts: TRL, PEFT, Accelerate, bitsandbytes.

Importing this package loads neither torch nor anything else that is heavy: a launcher builds and checks a
`TrainConfig` on a machine without a GPU, and only `train` loads the trainer.
"""

from __future__ import annotations

from tminus.train.config import TrainConfig
from tminus.train.errors import (
    CommitError,
    ConfigError,
    DataError,
    Interrupted,
    RanksError,
    ResumeError,
    SetupError,
    TrainError,
)
from tminus.train.launcher import torchrun
from tminus.train.result import TrainResult

__all__ = [
    "CommitError",
    "ConfigError",
    "DataError",
    "Interrupted",
    "RanksError",
    "ResumeError",
    "SetupError",
    "TrainConfig",
    "TrainError",
    "TrainResult",
    "torchrun",
    "train",
]


def train(config: TrainConfig) -> TrainResult:
    """Run one fine-tune in this process, resuming where `output_dir` holds something to resume from.

    While it trains, SIGINT and SIGTERM are answered at the next step boundary: a checkpoint is saved and the
    result's status is `interrupted`. A run that is finished stays finished: its result is given again.

    Under torchrun every rank calls this; to start ranks from a program, use `torchrun`.

    Args:
        config: The run.

    Returns:
        How the attempt ended, with the losses of the whole run.

    Raises:
        TrainError: The run cannot be started, continued or made durable; the message says what to do.
    """
    from tminus.train.run import run
    from tminus.train.signals import StopRequest

    with StopRequest() as stop:
        return run(config, stop)
