"""Choosing what the user left open: machines, micro-batch, interval of checkpoints, timeout, by the plan."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tminus.facts import Facts
from tminus.plan import Option, Overrides, Plan, PlanError, plan_script
from tminus.script import Script, Source
from tminus.starter.answers import Answers, StarterError, rows_of
from tminus.starter.text import script_text

_SPARE = 1.5
_HOUR_S = 3600
# Fewer, further apart, would cost less time where interruptions are rare; people want to see a run's states.
_CHECKPOINTS = 10


def choose(
    answers: Answers, facts: Facts, *, machines_open: bool = False, budget_usd: float | None = None
) -> tuple[Answers, Option]:
    """The answers with what the plan adds, and the option that they are now for.

    Args:
        answers: What the user said, and defaults.
        facts: Prices and limits.
        machines_open: Whether type and number of GPUs are the plan's to choose, in one container.
        budget_usd: US dollars that the run may cost at the upper end of its interval.

    Raises:
        StarterError: Nothing fits, or nothing is within the budget; the message says what comes nearest.
    """
    plan = _plan(answers, facts)
    if machines_open:
        option = _affordable(plan, answers, budget_usd)
        answers = replace(answers, gpu=option.hardware.gpu.name, gpus=option.hardware.gpus_per_node, nodes=1)
    # The plan of the very script: its batch and its price are those that `tminus plan` will print.
    option = _asked(_plan(answers, facts), answers, budget_usd)
    run = option.estimate.run
    longest = int(facts["function.timeout_max_s"].value)
    timeout_s = min(longest, -(-int(run.high_s * _SPARE) // _HOUR_S) * _HOUR_S)
    chosen = replace(
        answers,
        micro_batch=option.estimate.split.micro_batch,
        save_steps=max(1, min(run.checkpoint_every, run.steps // _CHECKPOINTS)),
        timeout_s=timeout_s,
    )
    return chosen, _asked(_plan(chosen, facts), chosen, budget_usd)


def _plan(answers: Answers, facts: Facts) -> Plan:
    path = Path("train.py")
    script = Script.parse(Source(path, script_text(answers, path.name, facts)))
    try:
        return plan_script(script, facts, Overrides(rows=rows_of(answers, facts)))
    except PlanError as error:
        raise StarterError(str(error)) from error


def _affordable(plan: Plan, answers: Answers, budget_usd: float | None) -> Option:
    """The recommended option; the fastest within the budget where there is one."""
    ready = [
        one
        for one in plan.options
        if one.runs and not one.setup and answers.global_batch % one.hardware.world_size == 0
    ]
    if budget_usd is not None:
        ready = [one for one in ready if one.usd_high <= budget_usd]
    if not ready:
        raise StarterError(_too_dear(plan, budget_usd))
    if budget_usd is None and plan.now is not None and plan.now.option in ready:
        return plan.now.option
    return min(ready, key=lambda one: one.estimate.run.total_s)


def _asked(plan: Plan, answers: Answers, budget_usd: float | None) -> Option:
    option = next(one for one in plan.options if one.asked)
    if not option.allowed:
        raise StarterError(f"{option.name}: {option.refused_because}")
    if option.fit == "no":
        gpu, needed = option.hardware.gpu, option.estimate.memory.reserved_gib
        less = "" if answers.method == "qlora" else "; --method qlora needs the least memory"
        raise StarterError(
            f"{answers.method} of {answers.model} needs {needed:.1f} GiB on each GPU, and {gpu.name} has "
            f"{gpu.usable_gib:.1f} GiB{less}"
        )
    if budget_usd is not None and option.usd_high > budget_usd:
        raise StarterError(_too_dear(plan, budget_usd))
    return option


def _too_dear(plan: Plan, budget_usd: float | None) -> str:
    running = [one for one in plan.options if one.runs]
    if not running:
        return "no set of machines holds this training; `--method qlora` needs the least memory"
    cheapest = min(running, key=lambda one: one.usd_high)
    return (
        f"nothing within ${budget_usd or 0:.2f}: the cheapest is {cheapest.name} with "
        f"${cheapest.estimate.usd:.2f}, ${cheapest.usd_high:.2f} at the upper end; fewer --epochs cost less"
    )
