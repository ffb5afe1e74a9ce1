"""TM701: arithmetic with another GPU count than the container's."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tminus.check.arithmetic import GPU_COUNT, assignments
from tminus.check.containers import allocations, describe, possible_counts
from tminus.check.finding import Fix, Safety, Severity
from tminus.check.parallel import every_request_read, fits, runs_several
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.script import Edit, Known, Script


@rule("TM701", "gpu-count-in-arithmetic", Severity.WARNING)
def gpu_count_in_arithmetic(script: Script, facts: Facts) -> Iterator[Report]:
    """Compute with the number of GPUs that the containers have.

    ## What it does
    Finds a constant named like a GPU count (`NUM_GPUS`, `WORLD_SIZE`, …) that goes into arithmetic and equals
    neither the GPUs that one container of the script can get nor those of all containers that run together.
    Scripts whose GPUs cannot be read are passed over, and multiples where containers run in parallel.

    ## Why is this bad?
    Effective batch, steps, learning rate and checkpoint interval come out wrong, without an error.

    ## Example
    ```python
    NUM_GPUS = 10
    EFFECTIVE_BATCH = 4 * NUM_GPUS

    @app.function(gpu="H100:8")
    def train(): ...
    ```

    ## Use instead
    ```python
    NUM_GPUS = 8
    EFFECTIVE_BATCH = 4 * NUM_GPUS

    @app.function(gpu=f"H100:{NUM_GPUS}")
    def train(): ...
    ```

    ## Fix safety
    Unsafe: batch and steps change to what they should have been.

    ## Limit and source
    - `gpu.<type>.max_per_container`: A count above it counts as the limit.
    """
    allocated = allocations(script, facts)
    counts = possible_counts(allocated)
    if not counts or not every_request_read(script):
        return
    several = runs_several(script)
    in_arithmetic = _names_in_arithmetic(script)
    for name, node, scope in assignments(script):
        if not GPU_COUNT.search(name) or name not in in_arithmetic:
            continue
        value = script.evaluate(node, scope)
        if not isinstance(value, Known) or type(value.value) is not int or value.assumed or value.others:
            continue
        if value.value <= 1 or fits(value.value, counts, several):
            continue
        widest = max(allocated, key=lambda one: one.per_container)
        right, gpu = widest.per_container, widest.request.type_name
        literals = [leaf for leaf in value.leaves if leaf.value == value.value]
        fix = None
        if len(literals) == 1:
            fix = Fix(f"Compute with {right} GPUs", (Edit(literals[0].span, str(right)),), Safety.UNSAFE)
        yield Report(
            span=value.span,
            message=f"{name} = {value.value} goes into the arithmetic, but {describe(allocated)}",
            source=widest.gpu.max_per_container,
            fix=fix,
            advice=f'Derive both from one constant: {name} = {right} and gpu=f"{gpu}:{{{name}}}".',
        )


def _names_in_arithmetic(script: Script) -> set[str]:
    names = set()
    for node, _ in script.expressions():
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div | ast.FloorDiv | ast.Mod):
            for side in (node.left, node.right):
                if isinstance(side, ast.Name):
                    names.add(side.id)
    return names
