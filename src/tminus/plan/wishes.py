"""What a user wants of a plan beside the job: money, time, workspace, place, and what is left open."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tminus.estimate.job import Method
from tminus.facts import Facts, WorkspacePlan
from tminus.plan.asked import PlanError

_UNITS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


@dataclass(frozen=True, slots=True)
class Wishes:
    """Limits and choices that hold for every option.

    Attributes:
        budget_usd: What the run may cost.
        deadline_s: When it has to be done, from now, in seconds.
        workspace: The user's workspace plan; None where it is not given, and then the smallest is taken for
            prices, but no option is refused for it.
        region_multiplier: What the choice of a region multiplies prices by.
        nonpreemptible: Whether containers are to be safe from preemption.
        methods: Methods to choose from; empty leaves the job's own.
    """

    budget_usd: float | None = None
    deadline_s: float | None = None
    workspace: WorkspacePlan | None = None
    region_multiplier: float = 1.0
    nonpreemptible: bool = False
    methods: tuple[Method, ...] = ()


def seconds_of(text: str) -> float:
    """The seconds of a duration such as ``6h``, ``90min`` or ``1d``; a bare number is hours.

    Raises:
        PlanError: It is none.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(s|m|min|h|d)?\s*", text)
    if found is None or float(found[1]) <= 0:
        raise PlanError(f"{text!r} is no duration; write it as 6h, 90min or 1d")
    return float(found[1]) * _UNITS[found[2] or "h"]


def workspace_of(name: str | None, facts: Facts) -> WorkspacePlan | None:
    """The workspace plan of that name; None for None.

    Raises:
        PlanError: There is none of that name.
    """
    if name is None:
        return None
    try:
        return facts.plan(name)
    except KeyError as error:
        raise PlanError(str(error.args[0])) from error


def region_multiplier(choice: str | None, facts: Facts) -> float:
    """What a choice of region costs: ``broad`` (such as us or eu), ``narrow`` (one region), or None."""
    return 1.0 if choice is None else float(facts[f"price.region_multiplier_{choice}"].value)
