"""TM202: a cluster with more nodes or GPUs than allowed."""

from __future__ import annotations

from collections.abc import Iterator

from tminus.check.finding import Severity
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.script import Script


@rule("TM202", "cluster-too-large", Severity.ERROR)
def cluster_too_large(script: Script, facts: Facts) -> Iterator[Report]:
    """Keep a cluster within the documented size.

    ## What it does
    Compares nodes and GPUs of a clustered function with the documented limits.

    ## Why is this bad?
    The client accepts any size when the script is imported; the documentation allows no more without asking
    Modal first.

    ## Example
    ```python
    @app.function(gpu="H100:8")
    @modal.clustered(size=64)
    def train(): ...
    ```

    ## Use instead
    ```python
    @app.function(gpu="H100:8")
    @modal.clustered(size=32)
    def train(): ...
    ```

    ## Fix safety
    No fix: the size is the author's decision.

    ## Limit and source
    - `cluster.max_nodes`
    - `cluster.max_gpus`
    """
    for function in script.functions:
        nodes = function.nodes
        if function.cluster is None or nodes is None or function.cluster.size is None:
            continue
        most_nodes, most_gpus = facts["cluster.max_nodes"], facts["cluster.max_gpus"]
        gpus = max((choice.request.count for choice in function.gpu_choices()), default=0) * nodes
        if nodes > most_nodes.value:
            limit, found = most_nodes, f"{nodes} nodes"
        elif gpus > most_gpus.value:
            limit, found = most_gpus, f"{gpus} GPUs"
        else:
            continue
        yield Report(
            span=function.cluster.size.span,
            message=f"{function.name}() asks for a cluster of {found}; at most {limit.value} {limit.unit}",
            source=limit,
            advice="Ask for fewer, or agree on a larger cluster with Modal first.",
        )
