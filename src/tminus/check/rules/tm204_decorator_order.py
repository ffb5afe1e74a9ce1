"""TM204: the cluster's decorator above the function's."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tminus.check.finding import Fix, Safety, Severity
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.script import Edit, Script


@rule("TM204", "decorator-order", Severity.ERROR)
def decorator_order(script: Script, facts: Facts) -> Iterator[Report]:
    """Put `@app.function` above `@modal.clustered`.

    ## What it does
    Finds a `clustered` decorator above the app's.

    ## Why is this bad?
    The client raises `InvalidError` when the script is imported.

    ## Example
    ```python
    @modal.clustered(size=2)
    @app.function(gpu="H100:8")
    def train(): ...
    ```

    ## Use instead
    ```python
    @app.function(gpu="H100:8")
    @modal.clustered(size=2)
    def train(): ...
    ```

    ## Fix safety
    Safe: the two decorators change places.

    ## Limit and source
    - `cluster.decorator_order`
    """
    for function in script.functions:
        cluster = function.cluster
        if cluster is None or not function.here:
            continue
        order = {script.source.span_of(node): place for place, node in enumerate(_decorators(function.node))}
        if cluster.span not in order or function.decorator not in order:
            continue
        if order[cluster.span] > order[function.decorator]:
            continue
        edits = (
            Edit(cluster.span, script.source.slice(function.decorator)),
            Edit(function.decorator, script.source.slice(cluster.span)),
        )
        yield Report(
            span=cluster.span,
            message=(
                f"@{cluster.name} stands above the app's decorator of {function.name}(): the client raises "
                "InvalidError"
            ),
            source=facts["cluster.decorator_order"],
            fix=Fix("Swap the decorators", edits, Safety.SAFE),
            advice="Put @app.function(...) first, the cluster's decorator directly below it.",
        )


def _decorators(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> list[ast.expr]:
    return node.decorator_list
