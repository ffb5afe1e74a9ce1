"""Everything about one job on one set of machines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tminus.estimate.job import BatchSplit, Hardware, Sharding, TrainingJob
from tminus.estimate.memory import Memory, memory
from tminus.estimate.money import Rate, rate
from tminus.estimate.run import RunTime, run_time
from tminus.estimate.time import StepTime, step_time
from tminus.facts import Facts


@dataclass(frozen=True, slots=True)
class Estimate:
    """Memory, time and money of a job with one split of its batch on one set of machines."""

    split: BatchSplit
    sharding: Sharding
    memory: Memory
    step: StepTime
    run: RunTime
    rate: Rate

    @property
    def usd(self) -> float:
        """Expected price of the run."""
        return self.rate.cost_usd(self.run.total_s)

    def to_dict(self) -> dict[str, Any]:
        """The estimate as JSON values; every field names its unit."""
        return {
            "micro_batch": self.split.micro_batch,
            "gradient_accumulation": self.split.accumulation,
            "global_batch": self.split.global_batch,
            "sharding": self.sharding,
            "memory": self.memory.to_dict(),
            "steps": self.run.steps,
            "step_s": round(self.step.total_s, 3),
            "tokens_per_s": round(self.step.tokens_per_second),
            "checkpoint_every": self.run.checkpoint_every,
            "time": self.run.to_dict(),
            "hours": round(self.run.hours, 3),
            "hours_low": round(self.run.low_s / 3600, 3),
            "hours_high": round(self.run.high_s / 3600, 3),
            "usd": round(self.usd, 2),
            "usd_low": round(self.rate.cost_usd(self.run.low_s), 2),
            "usd_high": round(self.rate.cost_usd(self.run.high_s), 2),
            "usd_per_hour": round(self.rate.usd_per_hour, 2),
            "prices_as_of": self.rate.as_of.isoformat(),
        }


def estimate(
    job: TrainingJob,
    hardware: Hardware,
    split: BatchSplit,
    facts: Facts,
    sharding: Sharding = "none",
) -> Estimate:
    """Estimate a job on some machines.

    Raises:
        ValueError: The split is not for this job's global batch or for this number of GPUs.
    """
    if split.world_size != hardware.world_size or split.global_batch != job.global_batch:
        raise ValueError(
            f"{split.micro_batch} × {split.accumulation} × {split.world_size} GPUs is not a global batch of "
            f"{job.global_batch} on {hardware.world_size} GPUs"
        )
    step = step_time(job, hardware, split, facts, sharding)
    return Estimate(
        split=split,
        sharding=sharding,
        memory=memory(job, split, sharding),
        step=step,
        run=run_time(job, hardware, step),
        rate=rate(hardware, facts),
    )
