"""TM208: multi-node training without RDMA."""

from __future__ import annotations

from collections.abc import Iterator

from tminus.check.finding import Severity
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.script import Known, Script


@rule("TM208", "cluster-without-rdma", Severity.WARNING)
def cluster_without_rdma(script: Script, facts: Facts) -> Iterator[Report]:
    """Train across nodes over RDMA.

    ## What it does
    Finds clustered functions that train on a GPU type with RDMA and do not ask for it.

    ## Why is this bad?
    Without it gradients travel over the private network, which has a small part of the bandwidth: paid GPUs
    wait for it.

    ## Example
    ```python
    @app.function(gpu="H100:8")
    @modal.clustered(size=2)
    def train():
        subprocess.run(["torchrun", "--nnodes=2", "--nproc-per-node=8", "train.py"], check=True)
    ```

    ## Use instead
    ```python
    @app.function(gpu="H100:8")
    @modal.clustered(size=2, rdma=True)
    def train():
        subprocess.run(["torchrun", "--nnodes=2", "--nproc-per-node=8", "train.py"], check=True)
    ```

    ## Fix safety
    No fix: the image needs RDMA's libraries first.

    ## Limit and source
    - `cluster.rdma_gbit_per_s`
    - `cluster.private_network_gbit_per_s`
    """
    fast, slow = facts["cluster.rdma_gbit_per_s"], facts["cluster.private_network_gbit_per_s"]
    for function in script.functions:
        cluster = function.cluster
        if cluster is None or not (function.nodes or 0) > 1 or "**" in cluster.keywords:
            continue
        # A value that cannot be read, or True, is not reported; rdma=False was decided by somebody.
        if cluster.rdma is not None and not (isinstance(cluster.rdma, Known) and cluster.rdma.value is False):
            continue
        gpus = [facts.gpu_of(choice.request) for choice in function.gpu_choices()]
        if (
            not gpus
            or not all(gpu is not None and gpu.rdma for gpu in gpus)
            or not script.trains_for_real(function)
        ):
            continue
        yield Report(
            span=cluster.span,
            message=(
                f"{function.name}() trains on {function.nodes} nodes without RDMA: "
                f"{slow.value} Gbit/s between them instead of {fast.value:,}"
            ),
            source=fast,
            advice="Ask for it with rdma=True; the image needs libcudart, libibverbs and libmlx5.",
        )
