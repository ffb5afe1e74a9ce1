"""Memory, time and money of a training job: pure functions, no I/O, no torch."""

from tminus.estimate.estimate import Estimate, estimate
from tminus.estimate.interval import checkpoint_every_steps, optimal_interval_s
from tminus.estimate.job import BatchSplit, Hardware, TrainingJob
from tminus.estimate.memory import Memory, memory
from tminus.estimate.money import Bill, Rate, bill, rate, worst_case_usd
from tminus.estimate.run import RunTime, course, run_time
from tminus.estimate.simulate import Course, Simulation, simulate
from tminus.estimate.time import StepTime, step_time

__all__ = [
    "BatchSplit",
    "Bill",
    "Course",
    "Estimate",
    "Hardware",
    "Memory",
    "Rate",
    "RunTime",
    "Simulation",
    "StepTime",
    "TrainingJob",
    "bill",
    "checkpoint_every_steps",
    "course",
    "estimate",
    "memory",
    "optimal_interval_s",
    "rate",
    "run_time",
    "simulate",
    "step_time",
    "worst_case_usd",
]
