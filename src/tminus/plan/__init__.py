"""The training job a script describes, the options that could run it, and the recommendation."""

from tminus.plan.asked import Asked, Assumption, PlanError
from tminus.plan.from_script import Described, Overrides, describe, plan_script
from tminus.plan.options import Option, list_options
from tminus.plan.plan import Plan, make_plan
from tminus.plan.recommend import Recommendation
from tminus.plan.wishes import Wishes, region_multiplier, seconds_of, workspace_of

__all__ = [
    "Asked",
    "Assumption",
    "Described",
    "Option",
    "Overrides",
    "Plan",
    "PlanError",
    "Recommendation",
    "Wishes",
    "describe",
    "list_options",
    "make_plan",
    "plan_script",
    "region_multiplier",
    "seconds_of",
    "workspace_of",
]
