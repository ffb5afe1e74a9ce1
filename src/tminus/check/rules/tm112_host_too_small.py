"""TM112: a host too small for the ranks on it."""

from __future__ import annotations

from collections.abc import Iterator

from tminus.check.finding import Fix, Safety, Severity
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.script import Edit, Known, ModalFunction, Script

# A process that has imported torch and holds a CUDA context takes about this much memory of the host.
_RANK_MIB = 2048
# From so many GPUs on, the cores that the default leaves are few for each rank.
_MANY_GPUS = 4
# Nobody asks for less than this beside a GPU: the number was meant in GB.
_MEANT_MIB = 1024


@rule("TM112", "host-too-small", Severity.WARNING)
def host_too_small(script: Script, facts: Facts) -> Iterator[Report]:
    """Reserve CPU and memory for the ranks.

    ## What it does
    Finds, in functions with GPUs, memory below a gibibyte (it is given in MiB), limits that leave a rank less
    than a core or less than 2 GiB, and, as information, training on four GPUs or more that reserves no CPU,
    or less of CPU or memory than that.

    ## Why is this bad?
    A request is what the container is sure of. Without one it is sure of 0.125 core and 128 MiB, and is
    throttled 16 cores above its request: data loading that took minutes on an idle host takes hours on a
    busy one, while the GPUs are paid. Above a memory limit the container is killed.

    ## Example
    ```python
    @app.function(gpu="H100:8", memory=64)
    def train(): ...
    ```

    ## Use instead
    ```python
    @app.function(gpu="H100:8", cpu=32, memory=64 * 1024)
    def train(): ...
    ```

    ## Fix safety
    Unsafe: what is reserved is paid, also where it is not used.

    ## Limit and source
    - `function.memory_default_mib`
    - `function.cpu_default_cores`
    - `resources.memory_unit`
    - `resources.cpu_soft_limit_above_request`
    - `resources.memory_limit_kills`
    """
    for function in script.functions:
        choices = function.gpu_choices()
        if not choices:
            continue
        gpus = min(choice.request.count for choice in choices)
        yield from _memory(function, gpus, facts)
        yield from _cpu(function, gpus, facts)
        if gpus >= _MANY_GPUS and script.trains_for_real(function):
            yield from _reserved(function, gpus, facts)
        if gpus >= _MANY_GPUS and not function.may_have("cpu") and script.trains_for_real(function):
            default, above = (
                facts["function.cpu_default_cores"],
                facts["resources.cpu_soft_limit_above_request"],
            )
            yield Report(
                span=function.decorator,
                message=(
                    f"{function.name}() trains on {gpus} GPUs and reserves no CPU: it is sure of "
                    f"{default.value} core, and throttled above {default.value + above.value:g}"
                ),
                source=above,
                advice=f"Give cpu= some cores a rank, such as cpu={4 * gpus}, and memory= in MiB.",
                severity=Severity.INFO,
            )


def _memory(function: ModalFunction, gpus: int, facts: Facts) -> Iterator[Report]:
    for alternative in function.possible("memory"):
        known, value = alternative.value, alternative.value.value
        when = f" ({alternative.condition})" if alternative.condition else ""
        if type(value) is int and 0 < value < _MEANT_MIB:
            yield Report(
                span=known.span,
                message=f"memory={value}{when} of {function.name}() is {value} MiB, beside a GPU",
                source=facts["resources.memory_unit"],
                fix=_in_gibibytes(known),
                advice=f"Write memory={value} * 1024 for {value} GiB.",
            )
        elif 0 < _limit(value) < _RANK_MIB * gpus:
            yield Report(
                span=known.span,
                message=(
                    f"the memory limit of {function.name}(){when} is {_limit(value):g} MiB for {gpus} GPUs: "
                    f"the container is killed above it, and a rank with torch takes about {_RANK_MIB}"
                ),
                source=facts["resources.memory_limit_kills"],
                advice="Raise the limit, or give a request without one: memory=MiB.",
            )


def _cpu(function: ModalFunction, gpus: int, facts: Facts) -> Iterator[Report]:
    for alternative in function.possible("cpu"):
        cores = _limit(alternative.value.value)
        if 0 < cores < gpus:
            yield Report(
                span=alternative.value.span,
                message=f"the CPU limit of {function.name}() is {cores:g} cores for {gpus} GPUs",
                source=facts["resources.cpu_soft_limit_above_request"],
                advice="Give every rank at least a core of its own, and some for loading data.",
            )


def _reserved(function: ModalFunction, gpus: int, facts: Facts) -> Iterator[Report]:
    """Requests of less than a core or 2 GiB for each rank: what is above them is not sure."""
    for alternative in function.possible("cpu"):
        cores = alternative.value.value
        if isinstance(cores, int | float) and 0 < cores < gpus:
            above = facts["resources.cpu_soft_limit_above_request"]
            yield Report(
                span=alternative.value.span,
                message=(
                    f"{function.name}() trains on {gpus} GPUs and reserves {cores:g} cores: it is throttled "
                    f"above {cores + above.value:g}"
                ),
                source=above,
                advice=f"Give every rank some cores, such as cpu={4 * gpus}.",
                severity=Severity.INFO,
            )
    for alternative in function.possible("memory"):
        mib = alternative.value.value
        if type(mib) is int and _MEANT_MIB <= mib < _RANK_MIB * gpus:
            yield Report(
                span=alternative.value.span,
                message=(
                    f"{function.name}() is sure of {mib} MiB for {gpus} GPUs, and a rank with torch takes "
                    f"about {_RANK_MIB}"
                ),
                source=facts["resources.memory_unit"],
                advice=f"Reserve what the ranks need, such as memory={8 * gpus} * 1024.",
                severity=Severity.INFO,
            )


def _limit(value: object) -> float:
    """The limit of a tuple of request and limit; 0 for anything else."""
    match value:
        case (int() | float(), (int() | float()) as limit):
            return float(limit)
    return 0.0


def _in_gibibytes(known: Known) -> Fix | None:
    if len(known.leaves) != 1 or known.leaves[0].value != known.value:
        return None
    edit = Edit(known.leaves[0].span, f"{known.value} * 1024")
    return Fix(f"Ask for {known.value} GiB", (edit,), Safety.UNSAFE)
