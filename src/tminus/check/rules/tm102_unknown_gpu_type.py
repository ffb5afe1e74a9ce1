"""TM102: a GPU type that the platform does not have."""

from __future__ import annotations

from collections.abc import Iterator

from tminus.check.finding import Fix, Safety, Severity
from tminus.check.gpu_strings import GpuString, gpu_strings, replaced
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.script import Edit, Script

_ANY = "ANY"


@rule("TM102", "unknown-gpu-type", Severity.ERROR)
def unknown_gpu_type(script: Script, facts: Facts) -> Iterator[Report]:
    """Ask for a GPU type that the platform has.

    ## What it does
    Looks every type of a `gpu=` string up in the documented list, in any case and with its aliases. For
    `"any"`, which the list does not have and older pages still use, it only warns.

    ## Why is this bad?
    The client forwards any string; the service refuses the function when the app is loaded.

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
    `gpu.accepted_types`, https://modal.com/docs/guide/gpu.

    ## When it was different
    Until 0.73.31 (2025-02-10) the client itself refused types that it did not know.
    """
    accepted = facts["gpu.accepted_types"]
    for one in gpu_strings(script):
        name = one.type_name
        # A suffix on a known type is TM113's.
        if facts.gpu(name) is not None or facts.gpu(name.rstrip("!+")) is not None:
            continue
        span = one.leaf.span if one.leaf else one.value.span
        if name == _ANY:
            yield Report(
                span=span,
                message=f'gpu="{one.text}"{one.when}: "any" is not among the documented types any more',
                source=accepted,
                advice="Name a type, or a list of types in the order of preference.",
                severity=Severity.WARNING,
            )
            continue
        near = facts.nearest_gpu_names(name)
        yield Report(
            span=span,
            message=(
                f'gpu="{one.text}"{one.when} of {one.function.name}(): {name} is no GPU type of Modal, '
                "and the service refuses it"
            ),
            source=accepted,
            fix=_fix(script, one, near),
            advice=f"Did you mean {' or '.join(near)}?" if near else f"There are {', '.join(facts.gpus)}.",
        )


def _fix(script: Script, one: GpuString, near: list[str]) -> Fix | None:
    if one.leaf is None or not near:
        return None
    written = one.text.partition(":")[0]
    edit = Edit(one.leaf.span, replaced(script, one.leaf, written, near[0]))
    return Fix(f"Ask for {near[0]}", (edit,), Safety.UNSAFE)
