"""Which rules there are, by their codes, without loading any of them."""

from __future__ import annotations

import os
from functools import cache

PLANNED_CODES = ("TM303", "TM901")
"""The rules that look at a script's plan."""

_OWN_CODES = ("TM000", "TM001", "TM002")


@cache
def rule_modules() -> dict[str, str]:
    """The code of each rule that looks at scripts, in order, and the name of its module in `rules`."""
    names = sorted(os.listdir(os.path.join(os.path.dirname(__file__), "rules")))  # noqa: PTH118, PTH120, PTH208
    modules = [name.removesuffix(".py") for name in names if name.startswith("tm") and name.endswith(".py")]
    return {name.partition("_")[0].upper(): name for name in modules}


@cache
def all_codes() -> tuple[str, ...]:
    """The code of every rule, in order."""
    return tuple(sorted((*_OWN_CODES, *PLANNED_CODES, *rule_modules())))
