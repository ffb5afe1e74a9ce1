"""TM201: a container of a cluster that does not take its whole host."""

from __future__ import annotations

from collections.abc import Iterator

from tminus.check.finding import Fix, Safety, Severity
from tminus.check.fixes import replace_gpu_count
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.script import Script


@rule("TM201", "cluster-partial-host", Severity.ERROR)
def cluster_partial_host(script: Script, facts: Facts) -> Iterator[Report]:
    """Request all GPUs of the host in every container of a cluster.

    ## What it does
    Compares the GPU count of a clustered function with the number of GPUs that a host of its type has.

    ## Why is this bad?
    The service refuses a clustered function whose containers leave GPUs of their hosts free. Splitting ten
    GPUs over two nodes, five each, is not possible any more.

    ## Example
    ```python
    @app.function(gpu="H100:5")
    @modal.clustered(size=2)
    def train(): ...
    ```

    ## Use instead
    ```python
    @app.function(gpu="H100:8")
    @modal.clustered(size=2)
    def train(): ...
    ```

    ## Fix safety
    Unsafe: more GPUs cost more, and the batch may grow with them.

    ## Limit and source
    - `cluster.full_host_since`
    - `cluster.full_host`
    """
    since = facts["cluster.full_host_since"]
    for function in script.functions:
        if function.cluster is None:
            continue
        for choice in function.gpu_choices():
            request, value = choice.request, choice.value
            gpu = facts.gpu_of(request)
            if gpu is None or gpu.host_gpus is None or request.count >= gpu.host_gpus:
                continue
            edits = replace_gpu_count(script.source, value, request, gpu.host_gpus)
            title = f"Request all {gpu.host_gpus} GPUs of the host"
            when = f" ({choice.condition})" if choice.condition else ""
            nodes = function.nodes
            whole = f", {gpu.host_gpus * nodes} in all on {nodes} nodes" if nodes else ""
            yield Report(
                span=value.span,
                message=(
                    f'gpu="{request}"{when} under {function.cluster.name} takes {request.count} of the '
                    f"host's {gpu.host_gpus} GPUs; since {since.value} each container of a cluster must "
                    "request all of them, and the service refuses less"
                ),
                source=since,
                fix=Fix(title, edits, Safety.UNSAFE) if edits else None,
                advice=(
                    f'Ask for "{request.type_name}:{gpu.host_gpus}"{whole}, or for one container '
                    "without a cluster."
                ),
            )
