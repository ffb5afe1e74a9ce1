"""What a script's plan says against its own limits: the findings that `tminus check --plan` adds."""

from __future__ import annotations

from tminus.check import Finding
from tminus.check.planned import PlannedRun, planned_findings
from tminus.facts import Facts
from tminus.plan.asked import PlanError
from tminus.plan.from_script import plan_script
from tminus.plan.machines import training_function
from tminus.plan.settings import Settings
from tminus.script import Script


def planned_run(script: Script, facts: Facts, budget_usd: float | None = None) -> PlannedRun | None:
    """What the plan expects of a script's training on the machines that it asks for.

    Args:
        script: The script.
        facts: Prices and limits.
        budget_usd: What the run may cost in US dollars.

    Returns:
        The expectation; None where the script does not say enough for a plan, or asks for machines that
        cannot run it: other rules say so.
    """
    try:
        function, _ = training_function(Settings(script))
        plan = plan_script(script, facts)
    except PlanError:
        return None
    option = next((one for one in plan.options if one.asked), None)
    if option is None or not option.runs or script.trains(function) is None:
        return None
    run, rate = option.estimate.run, option.estimate.rate
    return PlannedRun(
        function=function.name,
        machines=option.name,
        span=function.timeout.span if function.timeout is not None else function.decorator,
        gpu_span=function.gpu.span if function.gpu is not None else function.decorator,
        timeout_s=plan.asked.timeout_s,
        retries=plan.asked.retries,
        low_s=run.low_s,
        expected_s=run.total_s,
        high_s=run.high_s,
        usd_low=rate.cost_usd(run.low_s),
        usd=option.estimate.usd,
        usd_high=rate.cost_usd(run.high_s),
        budget_usd=budget_usd,
    )


def with_plan(
    findings: list[Finding], script: Script, facts: Facts, budget_usd: float | None = None
) -> list[Finding]:
    """A script's findings, and what its plan adds to them.

    Args:
        findings: What the rules found.
        script: The script.
        facts: Prices and limits.
        budget_usd: What one run may cost in US dollars.
    """
    run = planned_run(script, facts, budget_usd)
    return findings if run is None else [*findings, *planned_findings(run, facts)]
