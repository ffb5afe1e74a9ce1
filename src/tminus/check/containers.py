"""How many GPUs the containers of a script really get: what several rules ask."""

from __future__ import annotations

from typing import NamedTuple

from tminus.facts import Facts, GpuRequest, GpuType
from tminus.script import Known, ModalFunction, Script


class Allocation(NamedTuple):
    """The GPUs that a function asks for and those that the platform can give it.

    Attributes:
        function: The function.
        request: Type and count of one container, as asked for.
        gpu: The type; known to the facts.
        value: The value that the request was read from.
        nodes: Containers that run together.
        per_container: GPUs that one container can get.
    """

    function: ModalFunction
    request: GpuRequest
    gpu: GpuType
    value: Known
    nodes: int
    per_container: int

    @property
    def total(self) -> int:
        """GPUs of all containers that run together."""
        return self.per_container * self.nodes


def allocations(script: Script, facts: Facts) -> list[Allocation]:
    """Every GPU request of a known type in the script, with what the platform can give for it.

    A count over the limit counts as the limit, and a container of a cluster has its whole host: that is all
    that such a script can be mended to.
    """
    found = []
    for function in script.functions:
        for request, value in function.gpu_requests():
            gpu = facts.gpu_of(request)
            if gpu is None:
                continue
            count, limit = request.count, gpu.max_per_container.value
            if limit is not None:
                count = min(count, limit)
            if function.cluster is not None and gpu.host_gpus is not None:
                count = gpu.host_gpus
            found.append(Allocation(function, request, gpu, value, function.nodes or 1, count))
    return found


def possible_counts(allocated: list[Allocation]) -> set[int]:
    """GPU counts that arithmetic may rightly use: of one container, and of all that run together."""
    return {count for one in allocated for count in (one.per_container, one.total)}


def describe(allocated: list[Allocation]) -> str:
    """What every function can have, in words."""
    parts = []
    for one in allocated:
        gpus = f"{one.function.name}() can have {one.per_container} {one.request.type_name}"
        if one.nodes > 1:
            gpus += f" on each of {one.nodes} nodes, {one.total} in all"
            if one.request.count < one.per_container:
                gpus += f" (it asks for {one.request.count}, and a cluster has whole hosts)"
        parts.append(gpus)
    return " and ".join(dict.fromkeys(parts))
