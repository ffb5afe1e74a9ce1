"""The training job a script describes, the options that could run it, and the recommendation."""

from tminus.plan.asked import Asked, Assumption, PlanError
from tminus.plan.compare import Change, Comparison, compare, read_base
from tminus.plan.edits import ScriptEdit, edit_for
from tminus.plan.from_script import Described, Overrides, describe, plan_script
from tminus.plan.from_values import describe_values, values_of_train_config
from tminus.plan.options import Option, list_options
from tminus.plan.plan import Plan, make_plan
from tminus.plan.recommend import Recommendation
from tminus.plan.wishes import Wishes, region_multiplier, seconds_of, workspace_of

__all__ = [
    "Asked",
    "Assumption",
    "Change",
    "Comparison",
    "Described",
    "Option",
    "Overrides",
    "Plan",
    "PlanError",
    "Recommendation",
    "ScriptEdit",
    "Wishes",
    "compare",
    "describe",
    "describe_values",
    "edit_for",
    "list_options",
    "make_plan",
    "plan_script",
    "read_base",
    "region_multiplier",
    "seconds_of",
    "values_of_train_config",
    "workspace_of",
]
