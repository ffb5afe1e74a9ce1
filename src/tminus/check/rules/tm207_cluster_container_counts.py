"""TM207: container counts that are not multiples of the cluster's size."""

from __future__ import annotations

from collections.abc import Iterator

from tminus.check.finding import Severity
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.script import Script

_COUNTS = ("min_containers", "max_containers", "buffer_containers")


@rule("TM207", "cluster-container-counts", Severity.ERROR)
def cluster_container_counts(script: Script, facts: Facts) -> Iterator[Report]:
    """Count containers of a cluster in multiples of its size.

    ## What it does
    Compares `min_containers`, `max_containers` and `buffer_containers` with the size of the cluster.

    ## Why is this bad?
    They count containers, not clusters: the client raises an error for a number that is no multiple.

    ## Example
    ```python
    @app.function(gpu="H100:8", max_containers=3)
    @modal.clustered(size=2)
    def train(): ...
    ```

    ## Use instead
    ```python
    @app.function(gpu="H100:8", max_containers=4)
    @modal.clustered(size=2)
    def train(): ...
    ```

    ## Fix safety
    No fix: more or fewer clusters is the author's decision.

    ## Limit and source
    - `cluster.container_counts`
    """
    for function in script.functions:
        nodes = function.nodes
        if function.cluster is None or not nodes:
            continue
        for name in _COUNTS:
            for alternative in function.possible(name):
                count = alternative.value.value
                if type(count) is int and count % nodes:
                    yield Report(
                        span=alternative.value.span,
                        message=f"{name}={count} of {function.name}() is no multiple of its {nodes} nodes",
                        source=facts["cluster.container_counts"],
                        advice=f"It counts containers: {nodes} for one cluster, {2 * nodes} for two.",
                    )
