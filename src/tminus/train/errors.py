"""The errors of training, and the exit codes by which a process tells them."""

from __future__ import annotations

EXIT_FINISHED = 0
EXIT_FAILED = 1
EXIT_UNUSABLE = 2
EXIT_INTERRUPTED = 75
"""EX_TEMPFAIL of sysexits.h: "try again later". A scheduler that sees 0 would not start the run again."""


class TrainError(Exception):
    """Training could not be done; the message says what was found and what to do next."""


class ConfigError(TrainError, ValueError):
    """A field of the configuration cannot be used.

    Attributes:
        field: Name of the field, where there is one: a reader of a file tells its line.
    """

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class DataError(TrainError, ValueError):
    """The data set cannot be read as training rows."""


class SetupError(TrainError):
    """Something that must be installed is not."""


class ResumeError(TrainError):
    """There is something to resume from, but not for this configuration or not from this host."""


class CommitError(TrainError):
    """The last commit of the volume failed, so what was trained is not durable."""


class SaveError(TrainError):
    """A checkpoint or a record could not be written; the checkpoints before it are untouched."""


class DivergedError(TrainError):
    """Too many updates were not finite, or spikes; the last good checkpoint is kept."""


class BudgetError(ConfigError):
    """The run has cost what it may cost, or there is no price to count by."""


class RanksError(TrainError):
    """The ranks that torchrun started did not finish."""


class Interrupted(TrainError):  # noqa: N818  # not an error: the run goes on later
    """The run was stopped by a signal, its state is saved, and starting it again continues it."""
