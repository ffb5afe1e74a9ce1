"""TM203: the deprecated decorator for clusters."""

from __future__ import annotations

from collections.abc import Iterator

from tminus.check.finding import Fix, Safety, Severity
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.script import Edit, Script
from tminus.script.app import CLUSTERED, EXPERIMENTAL_CLUSTERED, Cluster

# What modal.clustered takes; `broadcast` and `fabric_size` of the old decorator have no place in it.
_KEYWORDS = frozenset({"size", "rdma"})


@rule("TM203", "experimental-clustered", Severity.WARNING)
def experimental_clustered(script: Script, facts: Facts) -> Iterator[Report]:
    """Use `modal.clustered` instead of `modal.experimental.clustered`.

    ## What it does
    Finds functions under `modal.experimental.clustered`.

    ## Why is this bad?
    Clusters left the experimental namespace. The old decorator still works and prints a deprecation warning;
    no version is announced in which it goes away.

    ## Example
    ```python
    @app.function(gpu="H100:8")
    @modal.experimental.clustered(size=2)
    def train(): ...
    ```

    ## Use instead
    ```python
    @app.function(gpu="H100:8")
    @modal.clustered(size=2)
    def train(): ...
    ```
    The size is a keyword now: `modal.clustered(2)` is a `TypeError`.

    ## Fix safety
    Safe where the decorator is written out as `modal.experimental.clustered` and has no other arguments than
    `size` and `rdma`.

    ## Limit and source
    - `cluster.stable_api_since`
    - `deprecation.exp_clustered`

    ## When it was different
    Before the release above `modal.experimental.clustered` was the only way.
    """
    since = facts["cluster.stable_api_since"]
    for function in script.functions:
        cluster = function.cluster
        if cluster is None or cluster.name != EXPERIMENTAL_CLUSTERED:
            continue
        edits = _edits(script, cluster)
        yield Report(
            span=cluster.callee,
            message=(
                f"{EXPERIMENTAL_CLUSTERED} is deprecated since modal {since.value}; it warns and still works"
            ),
            source=since,
            fix=Fix(f"Use {CLUSTERED}", edits, Safety.SAFE) if edits else None,
            advice=f"Write @{CLUSTERED}(size=..., rdma=...), below @app.function(...).",
        )


def _edits(script: Script, cluster: Cluster) -> tuple[Edit, ...]:
    written = script.source.slice(cluster.callee)
    owner, experimental, _ = written.rpartition(".experimental.clustered")
    if not experimental or not _KEYWORDS.issuperset(cluster.keywords) or cluster.positional > 1:
        return ()
    edits = [Edit(cluster.callee, f"{owner}.clustered")]
    if cluster.positional and cluster.size is not None:
        edits.append(Edit(cluster.size.span, f"size={script.source.slice(cluster.size.span)}"))
    return tuple(edits)
