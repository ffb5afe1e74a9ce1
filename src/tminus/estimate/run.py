"""Time of a whole run: start-up, steps, evaluations, checkpoints and what interruptions cost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from tminus.estimate import assumptions as a
from tminus.estimate.interval import checkpoint_every_steps, expected_loss_s
from tminus.estimate.job import Hardware, TrainingJob
from tminus.estimate.simulate import Course
from tminus.estimate.states import adapter_bytes, optimizer_bytes, weights_bytes
from tminus.estimate.time import StepTime

Z80 = 1.2816
"""Half-width of the central 80 % of a normal distribution, in standard deviations."""


@dataclass(frozen=True, slots=True)
class RunTime:
    """Expected seconds of a run by what they are spent on, with an interval.

    Attributes:
        steps: Optimizer steps.
        checkpoint_every: Steps between checkpoints.
        startup: What the start is made of, in seconds, by name.
        startup_s: All of it: from containers that are there to the first step.
        training_s: All steps.
        evaluation_s: All evaluations.
        saving_s: All checkpoints, during which training waits.
        interruptions_s: Expected time lost to preemptions: restarts and repeated steps.
        low_s: Lower end of the interval: the steps as fast as they may be, no interruption.
        high_s: Upper end: the steps as slow as they may be, twice the expected interruptions and start-up.
    """

    steps: int
    checkpoint_every: int
    startup: dict[str, float]
    startup_s: float
    training_s: float
    evaluation_s: float
    saving_s: float
    interruptions_s: float
    low_s: float
    high_s: float

    @property
    def total_s(self) -> float:
        """The whole run."""
        return self.startup_s + self.training_s + self.evaluation_s + self.saving_s + self.interruptions_s

    @property
    def hours(self) -> float:
        """The whole run in hours."""
        return self.total_s / 3600

    @property
    def dominant(self) -> str:
        """The largest part, by name."""
        parts = {
            "start-up": self.startup_s,
            "training": self.training_s,
            "evaluation": self.evaluation_s,
            "checkpoints": self.saving_s,
            "interruptions": self.interruptions_s,
        }
        return max(parts, key=parts.__getitem__)

    def to_dict(self) -> dict[str, Any]:
        """The parts as JSON values, in seconds."""
        return {
            "startup": {name: round(seconds, 1) for name, seconds in self.startup.items()},
            "startup_s": round(self.startup_s, 1),
            "training_s": round(self.training_s, 1),
            "evaluation_s": round(self.evaluation_s, 1),
            "saving_s": round(self.saving_s, 1),
            "interruptions_s": round(self.interruptions_s, 1),
            "dominant": self.dominant,
        }


def run_time(job: TrainingJob, hardware: Hardware, step: StepTime) -> RunTime:
    """Time of the whole run, from the containers' start to the last checkpoint.

    A cluster stops when any of its containers does (https://modal.com/docs/guide/multi-node-clusters), so
    the time between interruptions is that of one container divided by their number.
    """
    steps, step_s = job.steps, step.total_s
    mean_time_s = (
        math.inf if hardware.nonpreemptible else a.MEAN_TIME_BETWEEN_INTERRUPTIONS_S / hardware.nodes
    )
    save_s = save_seconds(job)
    every = job.save_every or checkpoint_every_steps(step_s, save_s, mean_time_s, steps)
    startup = startup_parts(job)
    startup_s = sum(startup.values()) + a.WARM_UP_STEPS * step_s
    training_s = steps * step_s
    evaluation_s = evaluation_seconds(job, hardware, step)
    # The last state is saved whether or not the interval asks for it.
    saving_s = -(-steps // every) * save_s
    work_s = training_s + evaluation_s + saving_s
    lost_s = expected_loss_s(work_s, min(every, steps) * step_s, startup_s, mean_time_s)
    return RunTime(
        steps=steps,
        checkpoint_every=every,
        startup={**startup, "warm-up": a.WARM_UP_STEPS * step_s},
        startup_s=startup_s,
        training_s=training_s,
        evaluation_s=evaluation_s,
        saving_s=saving_s,
        interruptions_s=lost_s,
        low_s=startup_s / 2 + (training_s + evaluation_s) * (1 - step.error) + saving_s / 2,
        high_s=2 * startup_s + (training_s + evaluation_s) * (1 + step.error) + 2 * (saving_s + lost_s),
    )


def startup_parts(job: TrainingJob) -> dict[str, float]:
    """From containers that are there to the first step, in seconds by part.

    All rates are assumptions, each stated in `tminus.estimate.assumptions`. The model is fetched in 16 bits
    even when it is then quantised.
    """
    model_gb = job.model.parameters * 2 / 1e9
    parts = {
        "container": a.CONTAINER_START_S,
        "image": a.IMAGE_GB / a.IMAGE_PULL_GB_PER_S,
        "imports": a.IMPORT_S,
        "model download": model_gb / a.DOWNLOAD_GB_PER_S,
        "model load": model_gb / a.LOAD_GB_PER_S,
    }
    if job.compiled:
        parts["compilation"] = job.model.layers * a.COMPILE_S_PER_LAYER
    return parts


def startup_seconds(job: TrainingJob) -> float:
    """From containers that are there to the first step."""
    return sum(startup_parts(job).values())


def evaluation_seconds(job: TrainingJob, hardware: Hardware, step: StepTime) -> float:
    """Forward passes over the evaluation rows, spread over all GPUs, as often as asked.

    A step's micro-batches cost three forward passes, four with checkpointing; an evaluation one.
    """
    if not job.evaluation_rows:
        return 0.0
    times = max(1, job.steps // job.evaluate_every) if job.evaluate_every else 1
    rows_a_gpu = math.ceil(job.evaluation_rows / hardware.world_size)
    return times * rows_a_gpu * step.forward_row_s


def checkpoint_bytes(job: TrainingJob) -> float:
    """A checkpoint: what is trained and its optimizer states."""
    trained = adapter_bytes(job) if job.adapters else weights_bytes(job)
    return trained + optimizer_bytes(job)


def save_seconds(job: TrainingJob) -> float:
    """Time that training waits for one checkpoint."""
    return a.SAVE_FIXED_S + checkpoint_bytes(job) / 1e9 / a.SAVE_GB_PER_S


def queue_seconds(hardware: Hardware) -> float:
    """Mean wait for the containers: an assumption by the GPUs of one, and a cluster waits for all its own."""
    known = max(count for count in a.QUEUE_S if count <= hardware.gpus_per_node)
    return a.QUEUE_S[known] * hardware.nodes


def course(
    job: TrainingJob,
    hardware: Hardware,
    step: StepTime,
    run: RunTime,
    usd_per_s: float,
    timeout_s: float | None = None,
    retries: int = 0,
) -> Course:
    """The run as a course of events to simulate; evaluations are counted into the steps."""
    return Course(
        steps=run.steps,
        step_s=step.total_s + run.evaluation_s / run.steps,
        step_spread=math.log1p(step.error) / Z80,
        save_every=min(run.checkpoint_every, run.steps),
        save_s=save_seconds(job),
        startup_s=run.startup_s,
        queue_s=queue_seconds(hardware),
        nodes=hardware.nodes,
        mean_time_s=math.inf if hardware.nonpreemptible else a.MEAN_TIME_BETWEEN_INTERRUPTIONS_S,
        usd_per_s=usd_per_s,
        timeout_s=timeout_s,
        retries=retries,
    )
