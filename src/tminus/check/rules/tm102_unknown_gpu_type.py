"""TM102: a GPU type that the platform does not have."""

from __future__ import annotations

from collections.abc import Iterator

from tminus.check.finding import Fix, Severity
from tminus.check.gpu_strings import GpuString, gpu_strings, rewritten
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.script import Constructed, Script

_ANY = "ANY"


@rule("TM102", "unknown-gpu-type", Severity.ERROR)
def unknown_gpu_type(script: Script, facts: Facts) -> Iterator[Report]:
    """Ask for a GPU type that the platform has.

    ## What it does
    Looks every type of a `gpu=` string up in the documented list, in any case and with its aliases. For
    `"any"`, which the list does not have and older pages still use, it only warns. It also finds counts that
    are no numbers, as in `"A100:80GB"`, and values that are no strings.

    ## Why is this bad?
    The client forwards any type; the service refuses the function when the app is loaded. A count that is no
    number, a tuple and a bare number the client refuses when the script is imported.

    ## Example
    ```python
    @app.function(gpu="H1OO:8")
    def train(): ...
    ```

    ## Use instead
    ```python
    @app.function(gpu="H100:8")
    def train(): ...
    ```

    ## Fix safety
    Unsafe: the nearest name is a guess.

    ## Limit and source
    - `gpu.accepted_types`
    - `gpu.argument_types`

    ## When it was different
    Until 0.73.31 (2025-02-10) the client itself refused types that it did not know.
    """
    yield from _no_strings(script, facts)
    accepted = facts["gpu.accepted_types"]
    for one in gpu_strings(script):
        name = one.type_name
        if _is_no_count(one.count):
            yield _count(script, facts, one)
            continue
        # A suffix on a known type is TM113's.
        if facts.gpu(name) is not None or facts.gpu(name.rstrip("!+")) is not None:
            continue
        if name == _ANY:
            yield Report(
                span=one.span,
                message=f'gpu="{one.text}"{one.when}: "any" is not among the documented types any more',
                source=accepted,
                advice="Name a type, or a list of types in the order of preference.",
                severity=Severity.WARNING,
            )
            continue
        near = facts.nearest_gpu_names(name)
        yield Report(
            span=one.span,
            message=(
                f'gpu="{one.text}"{one.when} of {one.function.name}(): {name} is no GPU type of Modal, '
                "and the service refuses it"
            ),
            source=accepted,
            fix=_fix(script, one, near),
            advice=f"Did you mean {' or '.join(near)}?" if near else f"There are {', '.join(facts.gpus)}.",
        )


def _no_strings(script: Script, facts: Facts) -> Iterator[Report]:
    for function in script.functions:
        for alternative in function.possible("gpu"):
            value = alternative.value.value
            if isinstance(value, Constructed) or not isinstance(value, tuple | bool | int | float):
                continue
            when = f" ({alternative.condition})" if alternative.condition else ""
            yield Report(
                span=alternative.value.span,
                message=(
                    f"gpu={value!r}{when} of {function.name}(): the client raises InvalidError for a "
                    f"{type(value).__name__}"
                ),
                source=facts["gpu.argument_types"],
                advice='Write a string, gpu="H100:8", or a list of strings in the order of preference.',
            )


def _is_no_count(count: str) -> bool:
    """Whether what stands behind the colon is no number; one with a suffix is TM113's."""
    try:
        int(count.rstrip("!+") or "1")
    except ValueError:
        return True
    return False


def _count(script: Script, facts: Facts, one: GpuString) -> Report:
    meant = f"{one.type_name}-{one.count}".upper()
    known = facts.gpu(meant) is not None
    return Report(
        span=one.span,
        message=(
            f'gpu="{one.text}"{one.when} of {one.function.name}(): the client raises InvalidError, '
            f"{one.count!r} is no count"
        ),
        source=facts["gpu.argument_types"],
        fix=rewritten(script, one, one.text, meant, f"Ask for {meant}") if known else None,
        advice=f'Write gpu="{meant}".' if known else "Write the number of GPUs behind the colon.",
    )


def _fix(script: Script, one: GpuString, near: list[str]) -> Fix | None:
    return rewritten(script, one, one.written_type, near[0], f"Ask for {near[0]}") if near else None
