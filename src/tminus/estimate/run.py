"""Time of a whole run: start-up, steps, checkpoints and what interruptions cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tminus.estimate import calibration as c
from tminus.estimate.interval import checkpoint_every_steps, expected_loss_s
from tminus.estimate.job import Hardware, TrainingJob
from tminus.estimate.memory import adapter_bytes, optimizer_bytes, weights_bytes
from tminus.estimate.time import StepTime


@dataclass(frozen=True, slots=True)
class RunTime:
    """Expected seconds of a run by what they are spent on, with an interval.

    Attributes:
        steps: Optimizer steps.
        checkpoint_every: Steps between checkpoints.
        startup_s: Container, image, imports, model download and load.
        training_s: All steps.
        saving_s: All checkpoints, during which training waits.
        interruptions_s: Expected time lost to preemptions: restarts and repeated steps.
        low_s: Lower end of the interval: the steps as fast as they may be, no interruption.
        high_s: Upper end: the steps as slow as they may be, twice the expected interruptions and start-up.
    """

    steps: int
    checkpoint_every: int
    startup_s: float
    training_s: float
    saving_s: float
    interruptions_s: float
    low_s: float
    high_s: float

    @property
    def total_s(self) -> float:
        """The whole run."""
        return self.startup_s + self.training_s + self.saving_s + self.interruptions_s

    @property
    def hours(self) -> float:
        """The whole run in hours."""
        return self.total_s / 3600

    def to_dict(self) -> dict[str, Any]:
        """The parts as JSON values, in seconds."""
        return {
            "startup_s": round(self.startup_s, 1),
            "training_s": round(self.training_s, 1),
            "saving_s": round(self.saving_s, 1),
            "interruptions_s": round(self.interruptions_s, 1),
        }


def run_time(job: TrainingJob, hardware: Hardware, step: StepTime) -> RunTime:
    """Time of the whole run, from the call to the last checkpoint.

    A cluster stops when any of its containers does (https://modal.com/docs/guide/multi-node-clusters), so
    the time between interruptions is that of one container divided by their number.
    """
    steps, step_s = job.steps, step.total_s
    mean_time_s = c.MEAN_TIME_BETWEEN_INTERRUPTIONS_S / hardware.nodes
    save_s = save_seconds(job)
    every = job.save_every or checkpoint_every_steps(step_s, save_s, mean_time_s, steps)
    startup_s = startup_seconds(job)
    training_s = steps * step_s
    # The last state is saved whether or not the interval asks for it.
    saving_s = -(-steps // every) * save_s
    lost_s = expected_loss_s(training_s + saving_s, min(every, steps) * step_s, startup_s, mean_time_s)
    return RunTime(
        steps=steps,
        checkpoint_every=every,
        startup_s=startup_s,
        training_s=training_s,
        saving_s=saving_s,
        interruptions_s=lost_s,
        low_s=startup_s / 2 + training_s * (1 - step.error) + saving_s / 2,
        high_s=2 * startup_s + training_s * (1 + step.error) + 2 * saving_s + 2 * lost_s,
    )


def startup_seconds(job: TrainingJob) -> float:
    """From the call to the first step: assumptions, each stated in `tminus.estimate.calibration`.

    The model is fetched in 16 bits even when it is then quantised.
    """
    model_gb = job.model.parameters * 2 / 1e9
    return c.CONTAINER_START_S + c.IMPORT_S + model_gb / c.DOWNLOAD_GB_PER_S + model_gb / c.LOAD_GB_PER_S


def checkpoint_bytes(job: TrainingJob) -> float:
    """A checkpoint: what is trained and its optimizer states."""
    trained = adapter_bytes(job) if job.adapters else weights_bytes(job)
    return trained + optimizer_bytes(job)


def save_seconds(job: TrainingJob) -> float:
    """Time that training waits for one checkpoint."""
    return c.SAVE_FIXED_S + checkpoint_bytes(job) / 1e9 / c.SAVE_GB_PER_S
