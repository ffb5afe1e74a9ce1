"""TM205: a cluster without GPUs."""

from __future__ import annotations

from collections.abc import Iterator

from tminus.check.finding import Severity
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.script import Known, ModalFunction, Script


@rule("TM205", "cpu-cluster", Severity.ERROR)
def cpu_cluster(script: Script, facts: Facts) -> Iterator[Report]:
    """Give the containers of a cluster GPUs.

    ## What it does
    Finds clustered functions that ask for no GPU.

    ## Why is this bad?
    CPU-only clusters are not supported: the service refuses the function.

    ## Example
    ```python
    @app.function(cpu=16)
    @modal.clustered(size=4)
    def preprocess(): ...
    ```

    ## Use instead
    ```python
    @app.function(gpu="H100:8")
    @modal.clustered(size=4)
    def train(): ...
    ```
    For work on CPUs: `.map()` over an ordinary function.

    ## Fix safety
    No fix: whether it needs GPUs or no cluster is the author's decision.

    ## Limit and source
    - `cluster.needs_gpus`

    ## When it was different
    Until 2026-05-31 a cluster could run on CPUs.
    """
    for function in script.functions:
        overridden = any("gpu" in one.arguments for one in function.overrides)
        if function.cluster is None or overridden or not _without_gpus(function):
            continue
        yield Report(
            span=function.cluster.span,
            message=f"{function.name}() is a cluster without GPUs; the service refuses CPU-only clusters",
            source=facts["cluster.needs_gpus"],
            advice='Ask for whole hosts, gpu="H100:8", or use .map() without a cluster.',
        )


def _without_gpus(function: ModalFunction) -> bool:
    given = function.argument("gpu")
    if given is None:
        return not function.may_have("gpu")
    return isinstance(given, Known) and given.value is None and given.assumed is None and not given.others
