"""TM210: NCCL variables that the platform overwrites, and RDMA without its libraries."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tminus.check.calls import is_true
from tminus.check.finding import Severity
from tminus.check.rdma_image import lacks_rdma_libraries
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.script import Script


@rule("TM210", "nccl-variables", Severity.WARNING)
def nccl_variables(script: Script, facts: Facts) -> Iterator[Report]:
    """Leave the NCCL variables alone that the client sets, and give RDMA its libraries.

    ## What it does
    Finds values for `NCCL_HOSTID`, `NCCL_SOCKET_NTHREADS` and `NCCL_NSOCKS_PERTHREAD` in the environment of
    an image, a secret or a function, in scripts with a cluster; and clusters with `rdma=True` whose image has
    none of the libraries for it.

    ## Why is this bad?
    The client assigns them when a clustered container starts: the script's values have no effect. Without
    libibverbs NCCL does not find the RDMA devices, and falls back on the slow network.

    ## Example
    ```python
    image = modal.Image.debian_slim().env({"NCCL_SOCKET_NTHREADS": "8"})

    @app.function(gpu="H100:8", image=image)
    @modal.clustered(size=2, rdma=True)
    def train(): ...
    ```

    ## Use instead
    ```python
    image = modal.Image.debian_slim().apt_install("libibverbs1", "ibverbs-providers")

    @app.function(gpu="H100:8", image=image)
    @modal.clustered(size=2, rdma=True)
    def train(): ...
    ```

    ## Fix safety
    No fix: whether they are set again later cannot be seen.

    ## Limit and source
    - `cluster.nccl_variables_set`
    - `cluster.rdma_libraries`
    """
    fact = facts["cluster.nccl_variables_set"]
    if not any(function.cluster is not None for function in script.functions):
        return
    yield from _without_libraries(script, facts)
    for node, _ in script.expressions():
        if not (isinstance(node, ast.Call) and _sets_the_containers_environment(script, node)):
            continue
        keys = [key for part in ast.walk(node) if isinstance(part, ast.Dict) for key in part.keys]
        for key in keys:
            if isinstance(key, ast.Constant) and isinstance(key.value, str) and key.value in fact.value:
                yield Report(
                    span=script.source.span_of(key),
                    message=f"{key.value} is overwritten when a clustered container starts",
                    source=fact,
                    advice="Take it out, or set it in the process that NCCL runs in.",
                )


def _sets_the_containers_environment(script: Script, node: ast.Call) -> bool:
    name = script.evaluator.dotted_name(node.func) or ""
    return (isinstance(node.func, ast.Attribute) and node.func.attr == "env" and len(node.args) == 1) or (
        name == "modal.Secret.from_dict"
    )


def _without_libraries(script: Script, facts: Facts) -> Iterator[Report]:
    fact = facts["cluster.rdma_libraries"]
    for function in script.functions:
        cluster = function.cluster
        if cluster is None or cluster.rdma is None or not is_true(cluster.rdma):
            continue
        if lacks_rdma_libraries(script, function):
            yield Report(
                span=cluster.rdma.span,
                message=f"rdma=True of {function.name}(): nothing in its image brings libibverbs and libmlx5",
                source=fact,
                advice='Add them: .apt_install("libibverbs1", "ibverbs-providers").',
            )
