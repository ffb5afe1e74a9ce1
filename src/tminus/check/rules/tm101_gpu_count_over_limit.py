"""TM101: more GPUs than one container can have."""

from __future__ import annotations

from collections.abc import Iterator

from tminus.check.finding import Fix, Safety, Severity
from tminus.check.fixes import replace_gpu_count
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.script import Script


@rule("TM101", "gpu-count-over-limit", Severity.ERROR)
def gpu_count_over_limit(script: Script, facts: Facts) -> Iterator[Report]:
    """Ask for no more GPUs than one container can have.

    ## What it does
    Compares the count of a `gpu=` string with the largest count that the documentation names for its type.

    ## Why is this bad?
    The client accepts any count when the script is imported; the service refuses the function when the app
    is loaded, so nothing runs.

    ## Example
    ```python
    @app.function(gpu="H100:10")
    def train(): ...
    ```

    ## Use instead
    ```python
    @app.function(gpu="H100:8")
    def train(): ...
    ```
    For more GPUs than that: `@modal.clustered(size=2)` below `@app.function(gpu="H100:8")` gives 16.

    ## Fix safety
    Unsafe: fewer GPUs mean a smaller batch or a longer run.

    ## Limit and source
    - `gpu.<type>.max_per_container`
    """
    for function in script.functions:
        for choice in function.gpu_choices():
            request, value = choice.request, choice.value
            gpu = facts.gpu_of(request)
            limit = gpu.max_per_container if gpu else None
            if limit is None or limit.value is None or request.count <= limit.value:
                continue
            edits = replace_gpu_count(script.source, value, request, limit.value)
            when = f" ({choice.condition})" if choice.condition else ""
            title = f"Ask for {limit.value} GPUs"
            yield Report(
                span=value.span,
                message=(
                    f'gpu="{request}"{when} asks for {request.count} GPUs in one container of '
                    f"{function.name}(); "
                    f"at most {limit.value} {request.type_name} fit in one, and the service refuses more"
                ),
                source=limit,
                fix=Fix(title, edits, Safety.UNSAFE) if edits else None,
                advice=(
                    f'Ask for "{request.type_name}:{limit.value}", or run whole hosts of {limit.value} '
                    "together with @modal.clustered(size=2). `tminus plan` compares the ways out."
                ),
            )
