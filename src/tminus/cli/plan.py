"""``tminus plan``: does it fit, how long, how much, and which option is best."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tminus.cli import EXIT_FOUND, EXIT_OK, UserError
from tminus.facts import Facts
from tminus.plan import Overrides, PlanError, plan_script
from tminus.script import Script, ScriptError


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = subparsers.add_parser("plan", help="does it fit, how long, how much, what else")
    add = parser.add_argument
    add("script", type=Path, metavar="SCRIPT", help="the Modal script")
    add("--model", metavar="ID", help="model by its hub name, where the script does not say it readably")
    add("--rows", type=int, metavar="N", help="rows of the data set")
    add("--tokens-per-row", type=float, metavar="N", help="mean tokens of a row")
    add("--live-prices", action="store_true", help="ask the service for the workspace's own prices")
    add("--format", choices=("text", "json"), default="text", help="how the plan is printed")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Plan; exit code 1 where no option runs."""
    overrides = Overrides(model=options.model, rows=options.rows, tokens_per_row=options.tokens_per_row)
    facts = Facts.bundled()
    if options.live_prices:
        facts = _with_live_prices(facts)
    try:
        plan = plan_script(Script.read(options.script), facts, overrides)
    except (ScriptError, PlanError) as error:
        raise UserError(str(error)) from error
    if options.format == "json":
        json.dump(plan.to_dict(), sys.stdout, indent=2, ensure_ascii=False)
        print()
    else:
        from tminus.report.plan_text import print_plan

        print_plan(plan, sys.stdout, facts.today)
    return EXIT_OK if any(option.runs for option in plan.options) else EXIT_FOUND


def _with_live_prices(facts: Facts) -> Facts:
    from tminus.facts.rates import RatesError, live_rates, with_rates  # only where they are asked for

    try:
        return with_rates(facts, live_rates(facts), facts.today)
    except RatesError as error:
        raise UserError(f"no live prices: {error}") from error
