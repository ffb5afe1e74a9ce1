"""How much of a script's training a rehearsal runs: rows for the steps, ranks and length for the machine."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tminus.facts import Facts
from tminus.plan import PlanError, describe
from tminus.script import Known, ModalFunction, Script, Value

# What a script's figures are taken to be where they cannot be read; said in the result.
_ASSUMED_GLOBAL_BATCH = 16
_SAVES = 4


@dataclass(frozen=True, slots=True)
class Shrink:
    """What the user asks of the shrinking.

    Attributes:
        steps: Optimizer steps that the run should take.
        steps_told: Whether the user asked for them: a script's own number gives way only then.
        ranks_per_container: Most processes that train in a container.
        seq_len: Longest sequence in tokens.
    """

    steps: int = 24
    steps_told: bool = False
    ranks_per_container: int = 2
    seq_len: int = 64


@dataclass(frozen=True, slots=True)
class Workload:
    """The training of a script, shrunk.

    Attributes:
        rows: Rows of a training split of the stand-in data set.
        steps: Optimizer steps that the run is expected to take.
        max_steps: What takes the place of the script's own `max_steps`; None where that stays.
        gpus: GPUs that a container asks for.
        nodes: Containers that run together.
        ranks_per_container: Processes that train in a container.
        seq_len: Longest sequence in tokens.
        global_batch: Sequences of an optimizer step; kept as the script says.
        assumed: What could not be read from the script, in words.
        save_steps: What takes the place of a Trainer's own interval of checkpoints; None where that stays.
    """

    rows: int
    steps: int
    max_steps: int | None
    gpus: int
    nodes: int
    ranks_per_container: int
    seq_len: int
    global_batch: int
    assumed: tuple[str, ...]
    save_steps: int | None = None


def workload_of(script: Script, shrink: Shrink) -> Workload:
    """Shrink a script's training to this machine: fewer rows, so fewer steps; the global batch stays.

    A number of steps that the script sets itself stays too, unless the user asked for a smaller one.
    """
    assumed: list[str] = []
    widest = max(script.functions, key=_gpus_of, default=None)
    gpus, nodes = (_gpus_of(widest), widest.nodes or 1) if widest else (0, 1)
    training = script.training
    global_batch = _integer(training.get("global_batch"))
    if global_batch is None:
        micro, accumulation = (
            _integer(_read(script, "micro_batch")),
            _integer(_read(script, "gradient_accumulation")),
        )
        if micro is not None:
            global_batch = micro * (accumulation or 1) * max(1, gpus) * nodes
        else:
            global_batch = _ASSUMED_GLOBAL_BATCH
            assumed.append(f"a global batch of {global_batch}: the script's cannot be read")
    read = _read(script, "epochs")
    epochs = read.value if isinstance(read, Known) else None
    if not isinstance(epochs, int | float) or isinstance(epochs, bool) or epochs <= 0:
        epochs = 1
        assumed.append("one epoch: the script's number cannot be read")
    steps, own = shrink.steps, _integer(training.get("max_steps"))
    max_steps = None
    if own is not None and own > 0:
        if shrink.steps_told and own > steps:
            max_steps = steps
            assumed.append(f"max_steps: {steps} as asked for, instead of the script's {own:,}")
        else:
            steps = own
            assumed.append(f"the script sets max_steps={own:,} itself: it stays")
    elif training.get("max_steps") is not None and own is None:
        assumed.append("the script sets max_steps itself, to what cannot be read: it stays")
    save_steps = None
    if own is None or max_steps is not None:
        save_steps = _save_steps(script, steps, assumed)
    return Workload(
        # A number of steps does not ask how many rows there are: a Trainer begins them again.
        rows=math.ceil(min(steps, shrink.steps) * global_batch / (epochs if own is None else 1)),
        steps=steps,
        max_steps=max_steps,
        save_steps=save_steps,
        gpus=gpus,
        nodes=nodes,
        ranks_per_container=max(1, min(shrink.ranks_per_container, gpus)),
        seq_len=shrink.seq_len,
        global_batch=global_batch,
        assumed=tuple(assumed),
    )


def _save_steps(script: Script, steps: int, assumed: list[str]) -> int | None:
    """The script's interval of checkpoints for a run of fewer steps; None where it can stay.

    An interval is shortened as the run is. One that is longer than the real run never fires there, and must
    not here; where the real run's length cannot be told, one that never fires here becomes a quarter of it.
    """
    interval = _integer(_read(script, "save_every"))
    if interval is None or interval < 1:
        return None
    try:
        real = describe(script, Facts.bundled()).job.steps
    except PlanError:
        if interval < steps:
            return None
        shorter = max(1, steps // _SAVES)
        assumed.append(f"a checkpoint every {shorter} steps: the length of the real run cannot be told")
        return shorter
    if interval >= real or steps >= real:
        return None
    return max(1, round(interval * steps / real))


def _gpus_of(function: ModalFunction) -> int:
    return max((request.count for request, _ in function.gpu_requests()), default=0)


def _read(script: Script, name: str) -> Value | None:
    """A setting as the script gives it, or a library's default of it.

    A default says nothing where the script passes arguments that cannot be read: they may hold the setting.
    """
    value = script.training.get(name)
    unreadable = any("**" in call.made.kwargs for call in script.library_calls)
    is_default = isinstance(value, Known) and value.assumed is not None and not value.leaves
    return None if is_default and unreadable else value


def _integer(value: object) -> int | None:
    match value:
        case Known(value=int(number)) if not isinstance(number, bool):
            return number
    return None
