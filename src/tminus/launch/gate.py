"""What has to hold before a run may cost anything: checks, plan, budget, deadline, rehearsal."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tminus.check import Finding, Severity, check
from tminus.estimate import Hardware
from tminus.estimate.money import Rate, rate
from tminus.facts import Facts
from tminus.launch.history import Observed, planned_of
from tminus.launch.record import Planned
from tminus.plan import Option, Plan, PlanError, plan_script
from tminus.plan.machines import read_machines
from tminus.plan.options import CORES_PER_GPU, HOST_GIB_PER_GPU
from tminus.plan.settings import Settings
from tminus.script import Script


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether a script may be launched, and what that rests on.

    Attributes:
        script_sha256: Digest of what was checked.
        findings: What the checks found.
        plan: The plan; None where none could be made.
        option: The machines that the script asks for, planned; None without a plan.
        unplanned: Why there is no plan; None where there is one.
        rate: Price of a second of all containers; None where the machines cannot be read.
        containers: Containers at once.
        seen: What this user's earlier runs took against their plans; None where there are none.
        resume_usd: What the rehearsal's most expensive resume would cost at the plan's speed, in US dollars.
        refusals: Why it may not be launched, each with what to do. Empty where it may.
    """

    script_sha256: str
    findings: tuple[Finding, ...]
    plan: Plan | None
    option: Option | None
    unplanned: str | None
    rate: Rate | None
    containers: int
    seen: Observed | None
    resume_usd: float | None
    refusals: tuple[str, ...]

    @property
    def planned(self) -> Planned | None:
        """What the plan says of the machines that the script asks for, as wide as earlier runs make it."""
        if self.option is None or self.plan is None or not self.option.runs:
            return None
        return planned_of(self.option, self.plan, self.seen)


def examine(
    script: Script,
    facts: Facts,
    *,
    budget_usd: float | None = None,
    seconds_left: float | None = None,
    rehearsal: Mapping[str, Any] | None = None,
    seen: Observed | None = None,
) -> Gate:
    """Hold a script against everything that is known before it runs.

    Args:
        script: The script.
        facts: Limits and prices.
        budget_usd: US dollars that the run may cost.
        seconds_left: Seconds until its deadline.
        rehearsal: The record of a rehearsal of this script, as `tminus rehearse --format json` gives it.
        seen: What this user's earlier runs took against their plans.
    """
    findings = tuple(check(script, facts))
    plan, option, unplanned = _planned(script, facts)
    price, containers = _price(script, facts, option)
    resume_usd = None
    if rehearsal is not None and option is not None and option.runs:
        resume_usd = _resume_usd(rehearsal, option)
    refusals = [
        *_check_refusals(findings),
        *_rehearsal_refusals(rehearsal),
        *_plan_refusals(option, budget_usd, seconds_left, resume_usd),
    ]
    if price is None and budget_usd is not None:
        refusals.append(
            "a budget needs a price, and the machines cannot be read from the script: write gpu= of the "
            "function that trains as a text, or launch without --budget"
        )
    return Gate(
        script_sha256=hashlib.sha256(script.source.text.encode()).hexdigest(),
        findings=findings,
        plan=plan,
        option=option,
        unplanned=unplanned,
        rate=price,
        containers=containers,
        seen=seen,
        resume_usd=resume_usd,
        refusals=tuple(refusals),
    )


def _planned(script: Script, facts: Facts) -> tuple[Plan | None, Option | None, str | None]:
    try:
        plan = plan_script(script, facts)
    except PlanError as error:
        return None, None, str(error)
    return plan, next((one for one in plan.options if one.asked), None), None


def _price(script: Script, facts: Facts, option: Option | None) -> tuple[Rate | None, int]:
    if option is not None:
        return option.estimate.rate, option.hardware.nodes
    try:
        asked, _ = read_machines(Settings(script), facts)
    except PlanError:
        return None, 1
    gpus = asked.gpus_per_node
    hardware = Hardware(
        gpu=asked.gpu,
        gpus_per_node=gpus,
        nodes=asked.nodes,
        cpu_cores=max(asked.cpu_cores or 0.0, CORES_PER_GPU * gpus),
        memory_gib=max(asked.memory_gib or 0.0, HOST_GIB_PER_GPU * gpus),
    )
    return rate(hardware, facts), asked.nodes


def _check_refusals(findings: tuple[Finding, ...]) -> list[str]:
    errors = [one for one in findings if one.severity is Severity.ERROR]
    return [f"{one.span.path}:{one.span.line}: {one.code} {one.message}" for one in errors]


def _rehearsal_refusals(rehearsal: Mapping[str, Any] | None) -> list[str]:
    if rehearsal is None or rehearsal["status"] == "passed":
        return []
    failed = [f"{one['claim']}: {one['seen']}" for one in rehearsal["claims"] if one["outcome"] == "violated"]
    return [f"the rehearsal ended with {rehearsal['status']}" + (f": {'; '.join(failed)}" if failed else "")]


def _plan_refusals(
    option: Option | None, budget_usd: float | None, seconds_left: float | None, resume_usd: float | None
) -> list[str]:
    if option is None:
        return []
    if not option.allowed:
        return [f"{option.name}: {option.refused_because}"]
    if option.fit == "no":
        memory, usable = option.estimate.memory.reserved_gib, option.hardware.gpu.usable_gib
        return [
            f"{option.name}: needs {memory:.1f} GiB a GPU, and it has {usable:.1f} GiB; "
            "`tminus plan` lists machines that hold it"
        ]
    found = []
    run = option.estimate.run
    if budget_usd is not None and option.estimate.usd + (resume_usd or 0.0) > budget_usd:
        reserve = f" and ${resume_usd:.2f} for a resume as rehearsed" if resume_usd else ""
        found.append(
            f"the plan expects ${option.estimate.usd:.2f} on {option.name}{reserve}, over the budget of "
            f"${budget_usd:.2f}; `tminus plan` lists cheaper options"
        )
    if seconds_left is not None and run.total_s > seconds_left:
        found.append(
            f"the plan expects {run.hours:.1f} h on {option.name}, and the deadline is in "
            f"{seconds_left / 3600:.1f} h; `tminus plan` lists faster options"
        )
    return found


def _resume_usd(rehearsal: Mapping[str, Any], option: Option) -> float:
    """What a resume costs: a start, and the steps that the rehearsal saw run again.

    The rehearsal runs fewer steps, so the share of steps that ran twice counts, not their number: checkpoints
    are as far apart there, measured in the run's length, as they are in the real one.
    """
    steps = max((attempt["max_steps"] or 0 for attempt in rehearsal["attempts"]), default=0)
    twice = max((one["steps_twice"] for one in rehearsal["interruptions"]), default=0)
    run = option.estimate.run
    share = twice / steps if steps else 0.0
    return option.estimate.rate.cost_usd(run.startup_s + share * run.training_s)
