"""TM110: CPU or memory in a form that the client drops."""

from __future__ import annotations

from collections.abc import Iterator

from tminus.check.finding import Fix, Safety, Severity
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.lazy import pattern
from tminus.script import Edit, Script

_SIZE = pattern(r"(?i)^\s*(\d+(?:\.\d+)?)\s*(g|gb|gi|gib|m|mb|mi|mib)?\s*$")


@rule("TM110", "resources-dropped", Severity.ERROR)
def resources_dropped(script: Script, facts: Facts) -> Iterator[Report]:
    """Give CPU and memory in the form that the client takes.

    ## What it does
    Finds `memory="32Gi"`, `memory=32768.0`, `cpu="8"` and lists.

    ## Why is this bad?
    The client takes numbers and tuples; anything else it drops without a word. The job gets the default of
    0.125 core and 128 MiB, and is slow or killed while its GPUs are paid.

    ## Example
    ```python
    @app.function(gpu="H100", memory="32Gi", cpu="8")
    def train(): ...
    ```

    ## Use instead
    ```python
    @app.function(gpu="H100", memory=32 * 1024, cpu=8)
    def train(): ...
    ```

    ## Fix safety
    Unsafe: what was dropped so far is then asked for, and paid.

    ## Limit and source
    - `function.resource_types`
    """
    fact = facts["function.resource_types"]
    for function in script.functions:
        for name in ("cpu", "memory"):
            for alternative in function.possible(name):
                known = alternative.value
                if not _is_dropped(name, known.value):
                    continue
                right = _right(name, known.value)
                fix = None
                if right and len(known.leaves) == 1 and known.leaves[0].value == known.value:
                    fix = Fix(f"Write {right}", (Edit(known.leaves[0].span, right),), Safety.UNSAFE)
                yield Report(
                    span=known.span,
                    message=(
                        f"{name}={known.value!r} of {function.name}(): the client drops a "
                        f"{type(known.value).__name__} without a word; it runs with {_default(name, facts)}"
                    ),
                    source=fact,
                    fix=fix,
                    advice=f"Write {right}." if right else "Give a number, or a tuple of request and limit.",
                )


def _is_dropped(name: str, value: object) -> bool:
    if isinstance(value, str | list):
        return True
    return name == "memory" and isinstance(value, float)


def _right(name: str, value: object) -> str | None:
    if isinstance(value, list):
        return None
    if name == "memory" and isinstance(value, float):
        return str(int(value)) if value >= 128 else None
    match = _SIZE.match(str(value))
    if match is None:
        return None
    if name == "cpu":
        return match[1] if match[2] is None else None
    if match[2] is None:
        return match[1] if float(match[1]) >= 128 else None
    mebibytes = float(match[1]) * (1024 if match[2].lower().startswith("g") else 1)
    return str(int(mebibytes))


def _default(name: str, facts: Facts) -> str:
    if name == "cpu":
        return f"{facts['function.cpu_default_cores'].value} core"
    return f"{facts['function.memory_default_mib'].value} MiB"
