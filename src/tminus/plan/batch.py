"""Spreading a global batch over GPUs: micro-batch and accumulation for one option."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from tminus.estimate import BatchSplit, Estimate, Hardware, TrainingJob, estimate, memory
from tminus.estimate.job import Sharding
from tminus.estimate.memory import Fit
from tminus.facts import Facts


@dataclass(frozen=True, slots=True)
class Fitted:
    """A job made to fit some machines.

    Attributes:
        job: The job, with the global batch that these machines can have.
        estimate: Its estimate.
        fit: Whether the GPU's memory holds it.
        notes: What was changed for it.
    """

    job: TrainingJob
    estimate: Estimate
    fit: Fit
    notes: tuple[str, ...] = ()


def fit_batch(job: TrainingJob, hardware: Hardware, facts: Facts) -> Fitted:
    """Choose micro-batch and accumulation for a job on some machines.

    The global batch stays as intended where the number of GPUs divides it, else the nearest that it does
    divide is taken. The micro-batch divides a GPU's share and fits: the one with the shortest step, the
    larger of two alike. (More rows at once use the GPU better but are padded to the
    longest of them.) A full fine-tune that does not fit on one GPU is sharded over all.
    """
    world = hardware.world_size
    share = max(1, round(job.global_batch / world))
    notes = []
    if share * world != job.global_batch:
        notes.append(
            f"global batch {share * world} instead of {job.global_batch}: "
            f"the nearest that {world} GPUs divide"
        )
    job = replace(job, global_batch=share * world)
    splits = [BatchSplit(size, share // size, world) for size in _divisors(share)]
    shardings: tuple[Sharding, ...] = ("none", "fsdp") if job.method == "full" and world > 1 else ("none",)
    usable = hardware.gpu.usable_gib
    for wanted in ("yes", "tight"):
        for sharding in shardings:
            fitting = [split for split in splits if memory(job, split, sharding).fit(usable) == wanted]
            if fitting:
                best = min(
                    (estimate(job, hardware, split, facts, sharding) for split in fitting),
                    key=lambda found: (round(found.step.total_s, 4), -found.split.micro_batch),
                )
                if sharding == "fsdp":
                    notes.append("needs FSDP: weights, gradients and optimizer states sharded over the GPUs")
                if wanted == "tight":
                    notes.append("tight: PyTorch's allocator will have to give blocks back")
                return Fitted(job, best, "yes" if wanted == "yes" else "tight", tuple(notes))
    smallest = estimate(job, hardware, splits[0], facts, shardings[-1])
    return Fitted(job, smallest, "no", tuple(notes))


def _divisors(share: int) -> list[int]:
    # What divides a GPU's rows of a step, in order.
    small = [size for size in range(1, math.isqrt(share) + 1) if share % size == 0]
    return sorted({*small, *(share // size for size in small)})
