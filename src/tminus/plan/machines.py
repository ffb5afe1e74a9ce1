"""The machines that a script asks for."""

from __future__ import annotations

import re

from tminus.facts import Facts, GpuRequest
from tminus.plan.asked import Asked, PlanError
from tminus.plan.settings import Settings
from tminus.script import Constructed, Known, ModalFunction, Value


def training_function(settings: Settings) -> tuple[ModalFunction, GpuRequest]:
    """The function that trains and its first GPU request: the first function of the script with GPUs.

    One that runs alone goes before a clustered one.

    Raises:
        PlanError: No function asks for a GPU in a way that can be read.
    """
    script = settings.script
    candidates = [function for function in script.functions if function.gpu_requests()]
    if not candidates:
        raise PlanError(
            f"{script.path}: no function of a modal.App asks for GPUs in a way that can be read; "
            'write gpu="H100:8" or the like in the decorator of the function that trains'
        )
    chosen = next((function for function in candidates if function.cluster is None), candidates[0])
    if len(candidates) > 1:
        settings.assume("function", chosen.name, f"the first of {len(candidates)} functions with GPUs")
    requests = chosen.gpu_requests()
    if len(requests) > 1:
        settings.assume("gpu", str(requests[0][0]), "the first of a list of GPU types to fall back on")
    return chosen, requests[0][0]


def read_machines(settings: Settings, facts: Facts) -> tuple[Asked, ModalFunction]:
    """What the training function asks for.

    Raises:
        PlanError: There is no such function, or its GPU type or the size of its cluster is unknown.
    """
    function, request = training_function(settings)
    gpu = facts.gpu_of(request)
    place = f"{function.decorator.path}:{function.decorator.line}"
    if gpu is None:
        near = ", ".join(facts.nearest_gpu_names(request.type_name) or facts.gpus)
        raise PlanError(f"{place}: {request.type_name} is not a GPU type of Modal; try {near}")
    if request.count < 1:
        raise PlanError(f"{place}: {request} asks for no GPU")
    if function.nodes is None:
        raise PlanError(f"{place}: the size of the cluster cannot be read; write it as a number")
    if function.retries is None:
        settings.assume("retries", 0, "the retries cannot be read")
    timeout_s = _number(function.timeout)
    if function.timeout is None:
        default = facts["function.timeout_default_s"]
        timeout_s = float(default.value)
        settings.assume("timeout", timeout_s, f"Modal's default in seconds ({default.citation()})")
    memory_mib = _number(function.argument("memory"))
    cluster = function.cluster
    asked = Asked(
        gpu=gpu,
        gpus_per_node=request.count,
        nodes=function.nodes,
        rdma=cluster is not None and isinstance(cluster.rdma, Known) and cluster.rdma.value is True,
        timeout_s=timeout_s,
        retries=function.retries or 0,
        cpu_cores=_number(function.argument("cpu")),
        memory_gib=None if memory_mib is None else memory_mib / 1024,
    )
    return asked, function


def pinned_version(function: ModalFunction, package: str) -> tuple[int, ...] | None:
    """The version of a package that the function's image pins with ``==``, as numbers.

    None if it pins none.
    """
    image = function.argument("image")
    made = image.value if isinstance(image, Known) else None
    while isinstance(made, Constructed):
        for text in _texts((*made.args, *made.kwargs.values())):
            found = re.fullmatch(rf"{package}(?:\[.*\])?==(\d+(?:\.\d+)*).*", text.strip())
            if found:
                return tuple(int(part) for part in found[1].split("."))
        made = made.receiver
    return None


def _texts(values: tuple[Value, ...]) -> list[str]:
    texts: list[str] = []
    for value in values:
        if isinstance(value, Known):
            items = value.value if isinstance(value.value, list | tuple) else [value.value]
            texts += [item for item in items if isinstance(item, str)]
    return texts


def _number(value: Value | None) -> float | None:
    # A (request, limit) pair counts by its request.
    if not isinstance(value, Known):
        return None
    found = value.value[0] if isinstance(value.value, list | tuple) and value.value else value.value
    return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None
