"""``tminus plan``: does it fit, how long, how much, and which option is best."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from tminus.cli import EXIT_FOUND, EXIT_OK, UserError
from tminus.estimate.job import Attention, LossKernel, Method
from tminus.facts import Facts
from tminus.plan import (
    Option,
    Overrides,
    Plan,
    PlanError,
    Wishes,
    compare,
    edit_for,
    plan_script,
    read_base,
    region_multiplier,
    seconds_of,
    workspace_of,
)
from tminus.script import Script, ScriptError

if TYPE_CHECKING:
    from tminus.launch.history import Observed
    from tminus.plan import Comparison

_CONFIGURATIONS = (".yaml", ".yml", ".toml", ".json")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = subparsers.add_parser(
        "plan",
        help="does it fit, how long, how much, what else",
        description=(
            "Plan a run from a Modal script, from a training configuration, or from flags alone. Exit codes: "
            "0 something runs, 1 nothing does, 2 the plan cannot be made."
        ),
    )
    add = parser.add_argument
    add("script", type=Path, nargs="?", metavar="SCRIPT", help="the Modal script, or a configuration file")
    _add_job(parser.add_argument_group("the job, where no script says it or it should differ").add_argument)
    _add_wishes(parser.add_argument_group("limits and prices").add_argument)
    _add_output(parser.add_argument_group("what is done with the plan").add_argument)
    parser.set_defaults(run=run)


def _add_job(add: Callable[..., Any]) -> None:
    add("--model", metavar="ID", help="model by its hub name, or the path of its config.json")
    add("--method", choices=(*get_args(Method), "any"), help="full, lora or qlora; any compares them")
    add("--tokens", type=float, metavar="N", help="tokens to train on, over one epoch (5e7 works)")
    add("--rows", type=int, metavar="N", help="rows of the data set")
    add("--tokens-per-row", type=float, metavar="N", help="mean tokens of a row")
    add("--epochs", type=float, metavar="N", help="passes over the data (1)")
    add("--max-steps", type=int, metavar="N", help="optimizer steps, in place of epochs")
    add("--seq-len", type=int, metavar="N", help="tokens of the longest row (2048)")
    add("--global-batch", type=int, metavar="N", help="rows of an optimizer step, over all GPUs")
    add("--micro-batch", type=int, metavar="N", help="rows that a GPU works on at once; chosen if left out")
    add("--gpu", metavar="GPU", help="GPUs of a container to start from, such as H100:8")
    add("--nodes", type=int, metavar="N", help="containers of a cluster to start from")
    add("--lora-r", type=int, metavar="N", help="rank of the adapters (16)")
    add("--target-modules", metavar="NAMES", help="layers with adapters, comma-separated (all-linear)")
    add("--optimizer", metavar="NAME", help="by transformers' name, such as paged_adamw_8bit")
    add("--loss", choices=get_args(LossKernel), help="loss kernel (chunked, TRL's own since 1.7)")
    add("--attention", choices=get_args(Attention), help="attention kernel (sdpa)")
    add("--packing", action=argparse.BooleanOptionalAction, help="rows are joined to full sequences")
    add(
        "--gradient-checkpointing",
        action=argparse.BooleanOptionalAction,
        help="layers are computed again in the backward pass (yes)",
    )
    add("--streaming", action="store_const", const=True, help="the data set is streamed by the first rank")


def _add_wishes(add: Callable[..., Any]) -> None:
    add("--budget", type=float, metavar="USD", help="recommend nothing that is expected to cost more")
    add("--deadline", metavar="TIME", help="recommend nothing that is expected to take longer (6h, 90min)")
    add("--workspace", metavar="PLAN", help="the workspace's plan: Starter, Team or Enterprise")
    add("--region", choices=("broad", "narrow"), help="a region is chosen, which has its price")
    add("--nonpreemptible", action="store_true", help="containers that are not preempted, at their price")
    add("--live-prices", action="store_true", help="ask the service for the workspace's own prices")


def _add_output(add: Callable[..., Any]) -> None:
    add("--format", choices=("text", "json", "markdown"), default="text", help="how the plan is printed")
    add("--all", action="store_true", help="print every option that runs, not those worth showing")
    add("--explain", type=int, metavar="N", help="memory, time and bill of option N in full")
    add("--diff", type=int, metavar="N", help="the edit of the script that makes option N, as a diff")
    add("--apply", type=int, metavar="N", help="make that edit")
    add("--against", metavar="REVISION", help="compare with the script of a git revision, such as main")
    add("--compare-to", type=Path, metavar="FILE", help="compare with a plan that --format json wrote")
    add("--simulate", type=int, metavar="RUNS", help="play each shown option through, interruptions and all")
    add("--seed", type=int, default=0, metavar="N", help="of the simulation (0)")
    add("--picture", type=Path, metavar="FILE", help="hours against dollars, and memory, as .svg or .png")
    add("--chart", action="store_true", help="the same in the terminal")


def run(options: argparse.Namespace) -> int:
    """Plan; exit code 1 where no option runs."""
    facts = Facts.bundled()
    if options.live_prices:
        facts = _with_live_prices(facts)
    try:
        plan, script = _plan(options, facts)
        if options.against is not None or options.compare_to is not None:
            return _compared(options, plan, facts)
        if options.diff is not None or options.apply is not None:
            return _edited(options, plan, script)
    except (ScriptError, PlanError) as error:
        raise UserError(str(error)) from error
    _print(options, plan, facts)
    if options.picture is not None:
        from tminus.report.plan_pictures import PictureError, write_picture

        try:
            write_picture(plan, options.picture)
        except PictureError as error:
            raise UserError(str(error)) from error
        print(f"wrote {options.picture}", file=sys.stderr)
    return EXIT_OK if any(option.runs for option in plan.matrix) else EXIT_FOUND


def _plan(options: argparse.Namespace, facts: Facts) -> tuple[Plan, Script | None]:
    from tminus.cli.plan_sources import plan_of_configuration, plan_of_flags

    wishes = Wishes(
        budget_usd=options.budget,
        deadline_s=None if options.deadline is None else seconds_of(options.deadline),
        workspace=workspace_of(options.workspace, facts),
        region_multiplier=region_multiplier(options.region, facts),
        nonpreemptible=options.nonpreemptible,
        methods=get_args(Method) if options.method == "any" else (),
    )
    if options.script is None:
        return plan_of_flags(options, facts, wishes), None
    if options.script.suffix in _CONFIGURATIONS:
        return plan_of_configuration(options, facts, wishes), None
    script = Script.read(options.script)
    return plan_script(script, facts, _overrides(options), wishes), script


def _overrides(options: argparse.Namespace) -> Overrides:
    return Overrides(
        model=options.model,
        rows=options.rows,
        tokens_per_row=options.tokens_per_row,
        method=None if options.method == "any" else options.method,
        seq_len=options.seq_len,
        global_batch=options.global_batch,
        epochs=options.epochs,
        max_steps=options.max_steps,
    )


def _print(options: argparse.Namespace, plan: Plan, facts: Facts) -> None:
    simulated = {}
    if options.simulate is not None:
        shown = [option for option in _shown(options, plan) if option.runs]
        simulated = {option.name: option.simulated(options.simulate, options.seed) for option in shown}
    if options.format == "json":
        written = plan.to_dict()
        seen = _seen()
        if seen is not None:
            written["earlier_runs"] = asdict(seen)
        if simulated:
            written["simulated"] = {name: one.to_dict() for name, one in simulated.items()}
        json.dump(written, sys.stdout, indent=2, ensure_ascii=False)
        print()
    elif options.format == "markdown":
        from tminus.report.plan_markdown import plan_markdown

        print(plan_markdown(plan, facts.today, _shown(options, plan)), end="")
    else:
        from tminus.report.plan_text import print_explanation, print_plan, print_simulated

        if options.explain is not None:
            print_explanation(plan, _option(options.explain, _shown(options, plan)), sys.stdout)
        else:
            print_plan(plan, sys.stdout, facts.today, _shown(options, plan))
            _print_earlier(plan)
        print_simulated(simulated, sys.stdout)
        if options.chart:
            from tminus.report.plan_chart import print_chart

            print_chart(plan, sys.stdout)


def _seen() -> Observed | None:
    from tminus.launch.history import observed
    from tminus.launch.record import kept_runs

    return observed(kept_runs())


def _print_earlier(plan: Plan) -> None:
    """What this user's runs took against their plans, for the machines asked for or recommended."""
    seen = _seen()
    recommended = None if plan.now is None else plan.now.option
    option = next((one for one in plan.options if one.asked and one.runs), recommended)
    if seen is not None and option is not None:
        from tminus.launch.history import planned_of
        from tminus.report.launch_text import plan_of_this_user

        print(plan_of_this_user(planned_of(option, plan, seen), seen))


def _shown(options: argparse.Namespace, plan: Plan) -> tuple[Option, ...]:
    if not options.all:
        return plan.options
    found = [option for option in plan.matrix if option.runs]
    return tuple(sorted(found, key=lambda option: option.estimate.usd))


def _option(number: int, shown: tuple[Option, ...]) -> Option:
    if not 1 <= number <= len(shown):
        raise UserError(f"there is no option {number}; the table numbers them from 1 to {len(shown)}")
    return shown[number - 1]


def _edited(options: argparse.Namespace, plan: Plan, script: Script | None) -> int:
    if script is None:
        raise UserError("only a script can be edited; give one")
    number = options.apply if options.apply is not None else options.diff
    option = _option(number, _shown(options, plan))
    if not option.runs:
        why = option.refused_because or "it does not fit"
        raise UserError(f"option {number}, {option.name}, does not run: {why}")
    edit = edit_for(script, option)
    print(edit.diff(script.path.name), end="")
    for line in edit.left:
        print(f"by hand: {line}", file=sys.stderr)
    if options.apply is not None and edit.edits:
        from tminus.durable import write_bytes

        write_bytes(script.path, edit.text.encode(script.source.encoding))
        print(f"{script.path}: changed to {option.name}", file=sys.stderr)
    return EXIT_OK


def _compared(options: argparse.Namespace, plan: Plan, facts: Facts) -> int:
    base: dict[str, Any] | None
    if options.compare_to is not None:
        base, base_name = read_base(options.compare_to), options.compare_to.name
    else:
        from tminus.cli.plan_sources import plan_of_revision

        old = plan_of_revision(options.script, options.against, facts, _overrides(options), plan.wishes)
        base, base_name = (None if old is None else old.to_dict()), options.against
    name = str(options.script) if options.script is not None else plan.job.model.id
    found: Comparison = compare(base, plan.to_dict(), name, base_name)
    if options.format == "json":
        print(json.dumps(found.to_dict(), indent=2, ensure_ascii=False))
    else:
        print(found.markdown(), end="")
    return EXIT_OK if any(option.runs for option in plan.matrix) else EXIT_FOUND


def _with_live_prices(facts: Facts) -> Facts:
    from tminus.facts.rates import RatesError, live_rates, with_rates  # only where they are asked for

    try:
        return with_rates(facts, live_rates(facts), facts.today)
    except RatesError as error:
        raise UserError(f"no live prices: {error}") from error
