"""Every set of machines that the platform allows, and the front of those that nothing beats."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tminus.estimate import TrainingJob
from tminus.estimate.job import Method
from tminus.facts import Facts, GpuType
from tminus.plan.asked import Asked
from tminus.plan.options import Option, make_option
from tminus.plan.wishes import Wishes

COUNTS = (1, 2, 4, 8)
"""GPUs of a container that are tried: a global batch splits evenly over powers of two."""


def every_option(
    job: TrainingJob, asked: Asked, facts: Facts, wishes: Wishes, known: Sequence[Option] = ()
) -> list[Option]:
    """All GPU types in all counts, in one container and in clusters, with every method left open.

    Args:
        job: The job as the user intends it.
        asked: What the user asked for.
        facts: Limits and prices.
        wishes: Limits and choices.
        known: Options that are already estimated, which are taken as they are.
    """
    seen = {option.key: option for option in known}
    found = []
    for method in wishes.methods or (job.method,):
        intended = with_method(job, method)
        for gpu, count, nodes in machines(facts):
            key = (method, gpu.name, count, nodes)
            found.append(seen.get(key) or make_option(intended, asked, gpu, count, nodes, facts, wishes))
    return found


def machines(facts: Facts) -> Iterator[tuple[GpuType, int, int]]:
    """Type, GPUs of a container, and containers, as the platform allows them.

    Types that differ from another only in what they may be swapped for are left out.
    """
    pinned = {gpu.pinned_by for gpu in facts.gpus.values()}
    most_nodes, most_gpus = int(facts["cluster.max_nodes"].value), int(facts["cluster.max_gpus"].value)
    for gpu in facts.gpus.values():
        if gpu.name in pinned or gpu.name.endswith("+"):
            continue
        most = gpu.max_per_container.value or gpu.host_gpus or 8
        for count in COUNTS:
            if count <= most:
                yield gpu, count, 1
        nodes = 2
        while gpu.rdma and gpu.host_gpus and nodes <= most_nodes and nodes * gpu.host_gpus <= most_gpus:
            yield gpu, gpu.host_gpus, nodes
            nodes *= 2


def with_method(job: TrainingJob, method: Method) -> TrainingJob:
    """The same job with another method: the stream between layers is 16 bits wide but for its own QLoRA."""
    if method == job.method:
        return job
    return replace(job, method=method, residual="bf16", lora_r=max(job.lora_r, 16) if method != "full" else 1)


def pareto_front(options: Sequence[Option]) -> list[Option]:
    """The options that no other beats in hours and dollars both, the quickest first.

    Of options that are within one per cent in both, the one with fewer GPUs stays.
    """
    running = sorted(
        (option for option in options if option.runs),
        key=lambda o: (round(o.estimate.run.hours, 3), o.estimate.usd, o.hardware.world_size),
    )
    front: list[Option] = []
    cheapest = float("inf")
    for option in running:
        if option.estimate.usd < cheapest * 0.99:
            front.append(option)
            cheapest = option.estimate.usd
    return front
