"""TM108: one call that needs more GPUs than a workspace plan runs at once."""

from __future__ import annotations

from collections.abc import Iterator

from tminus.check.containers import allocations
from tminus.check.finding import Severity
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.script import Script


@rule("TM108", "plan-concurrency", Severity.INFO)
def plan_concurrency(script: Script, facts: Facts) -> Iterator[Report]:
    """Know which workspace plan a cluster needs.

    ## What it does
    Finds functions one call of which needs more GPUs at once than the largest workspace plan with a published
    number runs. Which plan a workspace has is not in a script: below that, `tminus plan` names the one that
    is needed, and this rule is silent.

    ## Why is this bad?
    All containers of a cluster start together or not at all. Above the plan's GPU concurrency they do not;
    whether the call waits or fails is not documented.

    ## Example
    ```python
    @app.function(gpu="H100:8")
    @modal.clustered(size=8)
    def train(): ...  # 64 GPUs at once
    ```

    ## Use instead
    ```python
    @app.function(gpu="H100:8")
    @modal.clustered(size=4)
    def train(): ...  # 32 GPUs at once
    ```
    Or agree on more with Modal, and write `# tminus: ignore[TM108]`.

    ## Fix safety
    No fix: which plan to pay for is the user's decision.

    ## Limit and source
    - `plan.<name>.concurrent_gpus`
    """
    published = [plan for plan in facts.plans if plan.concurrent_gpus is not None]
    largest = max(published, key=lambda plan: plan.concurrent_gpus or 0)
    limit = largest.concurrent_gpus or 0
    fact = facts[f"plan.{largest.name.lower()}.concurrent_gpus"]
    told: set[str] = set()
    for one in allocations(script, facts):
        if one.total <= limit or one.function.name in told or one.value.assumed is not None:
            continue
        told.add(one.function.name)
        yield Report(
            span=one.function.cluster.span if one.function.cluster else one.value.span,
            message=(
                f"one call of {one.function.name}() needs {one.total} GPUs at once; the {largest.name} plan "
                f"runs {limit}, and more only by agreement"
            ),
            source=fact,
            advice="Ask for fewer GPUs, or agree on more with Modal first.",
        )
