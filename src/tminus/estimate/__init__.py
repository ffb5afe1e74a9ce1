"""Memory, time and money of a training job: pure functions, no I/O, no torch."""

from tminus.estimate.estimate import Estimate, estimate
from tminus.estimate.interval import checkpoint_every_steps, optimal_interval_s
from tminus.estimate.job import BatchSplit, Hardware, TrainingJob
from tminus.estimate.memory import Memory, memory
from tminus.estimate.money import Rate, rate, worst_case_usd
from tminus.estimate.run import RunTime, run_time
from tminus.estimate.time import StepTime, step_time

__all__ = [
    "BatchSplit",
    "Estimate",
    "Hardware",
    "Memory",
    "Rate",
    "RunTime",
    "StepTime",
    "TrainingJob",
    "checkpoint_every_steps",
    "estimate",
    "memory",
    "optimal_interval_s",
    "rate",
    "run_time",
    "step_time",
    "worst_case_usd",
]
