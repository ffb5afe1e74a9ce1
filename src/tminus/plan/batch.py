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


def fit_batch(job: TrainingJob, hardware: Hardware, facts: Facts, micro_batch: int | None = None) -> Fitted:
    """Choose micro-batch and accumulation for a job on some machines.

    The global batch stays as intended where the number of GPUs divides it, else the nearest that it does
    divide is taken. The micro-batch divides a GPU's share and fits: the one with the shortest step, the
    larger of two alike; or the one that is asked for. (More rows at once use the GPU better but are padded
    to the longest of them.) What does not fit on one GPU is sharded over all.
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
    sizes = _divisors(share)
    if micro_batch is not None and micro_batch in sizes:
        sizes = [micro_batch]
    splits = [BatchSplit(size, share // size, world) for size in sizes]
    shardings: tuple[Sharding, ...] = ("none", "fsdp") if world > 1 else ("none",)
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
                    if job.method == "qlora":
                        notes.append("FSDP shards 4-bit weights only with bnb_4bit_quant_storage=bfloat16")
                if wanted == "tight":
                    notes.append("tight: PyTorch's allocator will have to give blocks back")
                return Fitted(job, best, "yes" if wanted == "yes" else "tight", tuple(notes))
    smallest = estimate(job, hardware, splits[0], facts, shardings[-1])
    needed, has = smallest.memory.minimum_gib, hardware.gpu.usable_gib
    size = splits[0].micro_batch
    notes.append(f"does not fit: micro-batch {size} needs at least {needed:.1f} GiB, the card has {has}")
    if micro_batch is not None:
        smaller = fit_batch(job, hardware, facts)
        if smaller.fit != "no":
            notes.append(
                f"micro-batch {smaller.estimate.split.micro_batch} with accumulation "
                f"{smaller.estimate.split.accumulation} would fit, and trains the same"
            )
    return Fitted(job, smallest, "no", tuple(notes))


def _divisors(share: int) -> list[int]:
    # What divides a GPU's rows of a step, in order.
    small = [size for size in range(1, math.isqrt(share) + 1) if share % size == 0]
    return sorted({*small, *(share // size for size in small)})
