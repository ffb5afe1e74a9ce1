"""The platform's documented limits on a function: what breaks one is refused when the function is created."""

from __future__ import annotations

from collections.abc import Iterator

from tminus.controlplane.model import Message
from tminus.facts import Fact, Facts, GpuType, WorkspacePlan


def refusals(definition: Message, facts: Facts, plan: WorkspacePlan) -> Iterator[str]:
    """Reasons for which the platform refuses a function; none for one that it takes.

    Args:
        definition: The function as the client sent it.
        facts: The documented limits.
        plan: The workspace's plan.

    Yields:
        One sentence a reason: what was found, the limit, its source and date.
    """
    gpu_config = definition.resources.gpu_config
    name, count = gpu_config.gpu_type, int(gpu_config.count or 1)
    gpu = facts.gpu(name) if name else None
    if name and gpu is None:
        near = ", ".join(facts.nearest_gpu_names(name))
        hint = f" Near it: {near}." if near else ""
        yield f"{name} is not a valid GPU type.{hint} ({facts['gpu.max_per_container'].source})"
        return
    if gpu is not None:
        yield from _gpu_count(gpu, count, plan, max(1, definition._experimental_group_size))
    yield from _timeouts(definition, facts)
    yield from _retries(definition, facts["function.retries_max"])
    if definition._experimental_group_size:
        yield from _cluster(definition, facts, gpu, count)


def _gpu_count(gpu: GpuType, count: int, plan: WorkspacePlan, size: int) -> Iterator[str]:
    limit = gpu.max_per_container
    if limit.value is not None and count > limit.value:
        yield (
            f'gpu="{gpu.name}:{count}" asks for {count} GPUs in one container; {gpu.name} offers at most '
            f"{limit.value} ({limit.citation()})"
        )
    elif plan.concurrent_gpus is not None and count * size > plan.concurrent_gpus:
        yield (
            f"{count * size} GPUs at a time are more than the {plan.concurrent_gpus} of the {plan.name} plan "
            f"({plan.source}, as of {plan.as_of.isoformat()})"
        )


def _timeouts(definition: Message, facts: Facts) -> Iterator[str]:
    lowest, highest = facts["function.timeout_min_s"], facts["function.timeout_max_s"]
    for label, seconds in (
        ("timeout", definition.timeout_secs),
        ("startup_timeout", definition.startup_timeout_secs),
    ):
        if not seconds:
            continue  # not set: the platform's default holds
        if seconds > highest.value:
            yield f"{label}={seconds} is above the maximum of {highest.value} s ({highest.citation()})"
            return
        if seconds < lowest.value:
            yield f"{label}={seconds} is below the minimum of {lowest.value} s ({lowest.citation()})"
            return


def _retries(definition: Message, limit: Fact) -> Iterator[str]:
    if definition.retry_policy.retries > limit.value:
        retries = definition.retry_policy.retries
        yield f"retries={retries} is above the maximum of {limit.value} ({limit.citation()})"


def _cluster(definition: Message, facts: Facts, gpu: GpuType | None, count: int) -> Iterator[str]:
    size = int(definition._experimental_group_size)
    whole_host = facts["cluster.full_host_since"]
    if definition.webhook_config.type:
        web = facts["cluster.web_functions"]
        yield f"a web function cannot be clustered ({web.citation()})"
    if gpu is None:
        yield (
            f"a cluster of {size} containers asks for no GPU; each container of a cluster must request all "
            f"GPUs of its host, since {whole_host.value} ({whole_host.citation()})"
        )
        return
    if gpu.host_gpus is not None and count < gpu.host_gpus:
        yield (
            f'gpu="{gpu.name}:{count}" in a cluster of {size}: each container of a cluster must request all '
            f'{gpu.host_gpus} GPUs of its host, "{gpu.name}:{gpu.host_gpus}", since {whole_host.value} '
            f"({whole_host.citation()})"
        )
    nodes, gpus = facts["cluster.max_nodes"], facts["cluster.max_gpus"]
    if size > nodes.value:
        yield f"size={size} is above the maximum of {nodes.value} containers a cluster ({nodes.citation()})"
    elif size * count > gpus.value:
        yield f"{size} × {count} GPUs are above the maximum of {gpus.value} a cluster ({gpus.citation()})"
    if definition.resources.rdma:
        rdma = facts["cluster.rdma_gpus"]
        if not gpu.rdma:
            offered = ", ".join(rdma.value)
            yield f"rdma=True with {gpu.name}: RDMA is offered with {offered} ({rdma.citation()})"
