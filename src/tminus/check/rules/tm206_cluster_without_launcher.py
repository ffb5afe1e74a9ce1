"""TM206: a clustered function that never starts a process group."""

from __future__ import annotations

from collections.abc import Iterator

from tminus.check.finding import Severity
from tminus.check.rule import Report, rule
from tminus.check.runs import words_of
from tminus.facts import Facts
from tminus.lazy import pattern
from tminus.script import Script
from tminus.script.walk import Placed

# What says that the containers of a cluster talk to each other, in whatever way.
_TALKS = pattern(
    r"(?i)init_process_group|torchrun|launch|elastic|\bray\b|ray\.|jax|initialize_distributed|init_distributed|mpi"
    r"|deepspeed|accelerat|horovod|socket|nccl|master_addr|rendezvous|rdzv|rank|fabric|lightning|init_device_mesh"
    r"|get_cluster_info|container_ips|from_context|iperf|ib_write|ssh\b|stub|grpc|http"
)


@rule("TM206", "cluster-without-process-group", Severity.WARNING)
def cluster_without_process_group(script: Script, facts: Facts) -> Iterator[Report]:
    """Connect the containers of a cluster.

    ## What it does
    Finds clustered functions that start no launcher and no process group, and launchers in a cluster that
    are told of one node only.

    ## Why is this bad?
    `clustered` starts the containers together and gives them addresses; it starts no ranks. Without
    `torchrun --nnodes` or `init_process_group` every container does the same work alone, at the price of all.

    ## Example
    ```python
    @app.function(gpu="H100:8", timeout=3600)
    @modal.clustered(size=2)
    def train():
        subprocess.run(["torchrun", "--nproc-per-node=8", "train.py"], check=True)
    ```

    ## Use instead
    ```python
    @app.function(gpu="H100:8", timeout=3600)
    @modal.clustered(size=2)
    def train():
        cluster = modal.Cluster.from_context()
        subprocess.run(
            ["torchrun", "--nnodes=2", f"--node-rank={cluster.container_rank()}", "--nproc-per-node=8",
             f"--master-addr={cluster.container_ips()[0]}", "train.py"],
            check=True,
        )
    ```

    ## Fix safety
    No fix: it depends on how the script trains.

    ## Limit and source
    - `cluster.rank_variables_set`
    """
    fact = facts["cluster.rank_variables_set"]
    for function in script.functions:
        if function.cluster is None or not function.here:
            continue
        size = function.nodes
        if size == 1:
            continue
        reach = script.reachable(function)
        containers = f"the {size} containers" if size else "the containers"
        for command in reach.commands:
            alone = [
                one for one in command.launches if one.kind in ("torchrun", "accelerate") and one.nodes == 1
            ]
            if alone and len(alone) == len(command.launches):
                yield Report(
                    span=command.span,
                    message=(
                        f"{alone[0].kind} is told of one node: each of {containers} of {function.name}() "
                        "trains by itself, at the price of all"
                    ),
                    source=fact,
                    advice="Give it the number of nodes, the rank of this one and the address of the first.",
                )
        if reach.commands or reach.outside or not reach.placed or _talks(script, reach.placed):
            continue
        yield Report(
            span=function.cluster.span,
            message=(
                f"{function.name}() starts no launcher and no process group: {containers} of the cluster all "
                "do the same work"
            ),
            source=fact,
            advice="Start torchrun with --nnodes in each container, with the rank of modal.Cluster.",
        )


def _talks(script: Script, placed: tuple[Placed, ...]) -> bool:
    return bool(_TALKS.search("\n".join(words_of(script, placed))))
