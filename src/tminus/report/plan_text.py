"""A plan for a terminal: the job, the options as a table, the recommendations, what was assumed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tminus.estimate import Simulation
from tminus.plan import Option, Plan, Recommendation
from tminus.report.bullets import bullets
from tminus.report.style import Style

# Without a terminal there is no width to keep to: a reader of a file can scroll, and a cut table says less.
_WIDTH_OF_A_FILE = 132


def print_plan(plan: Plan, stream: TextIO, today: date, shown: Sequence[Option] | None = None) -> None:
    """Print a plan.

    Args:
        plan: The plan.
        stream: Where to.
        today: For the age of the prices.
        shown: The options of the table; those worth showing by default.
    """
    console = _console(stream)
    shown = plan.options if shown is None else shown
    console.print(f"[bold]Job[/]  {_job(plan)}\n")
    console.print(_table(plan, shown))
    _print_list(
        console,
        "[bold]Refused:[/]",
        (f"{o.name}: {o.refused_because}" for o in shown if not o.allowed),
    )
    for title, chosen in (
        ("Recommended now", plan.now),
        ("Cheapest", plan.cheapest),
        ("Fastest", plan.fastest),
    ):
        _print_recommendation(console, title, chosen)
    _print_list(console, "[bold]Nothing is both quicker and cheaper than:[/]", _front(plan))
    _print_list(console, "[bold]To set up first:[/]", _prerequisites(plan))
    _print_list(console, "[bold]Notes:[/]", _notes(plan))
    _print_list(
        console, "[bold]Assumed:[/]", (f"{one.name} = {_shown(one.value)}: {one.why}" for one in plan.assumed)
    )
    age = (today - plan.prices_as_of).days
    console.print()
    console.print(
        f"Prices as of {plan.prices_as_of.isoformat()}, {age} days old. Hours and dollars are estimates; "
        "their range is what published runs leave open.",
        style="dim",
    )


def _job(plan: Plan) -> str:
    job = plan.job
    adapter = f" r={job.lora_r}" if job.method != "full" else ""
    passes = f"{job.max_steps} steps" if job.max_steps else f"{job.epochs:g} epochs"
    return (
        f"{job.method}{adapter} of {job.model.id} ({job.model.parameters / 1e9:.2f} B), "
        f"asked for on {plan.asked.nodes} × {plan.asked.gpus_per_node} {plan.asked.gpu.name}\n"
        f"     {job.rows:,} rows × {passes}, sequence {job.seq_len}, global batch {job.global_batch}"
    )


def print_explanation(plan: Plan, option: Option, stream: TextIO) -> None:
    """Print what one option's memory, time and price are made of; each column adds up."""
    console = _console(stream)
    estimate, memory = option.estimate, option.estimate.memory
    console.print(f"[bold]{option.name}[/]  {_job(plan)}\n")
    low, high = memory.reserved_interval_gib
    parts = {**memory.terms, "allocator": memory.slack_gib, "CUDA context": memory.context_gib}
    parts["paged optimizer states"] = memory.paged_gib
    console.print(_parts(f"memory of a GPU, GiB, at its peak: {memory.phase}", parts, "{:.2f}"))
    console.print(
        f"  = {memory.reserved_gib:.2f} of {option.hardware.gpu.usable_gib:g} GiB ({low:.1f}-{high:.1f}), "
        f"of which {memory.allocated_gib:.2f} are live tensors\n"
    )
    step = estimate.step
    seconds = {
        "matrix products": step.matmul_s,
        "memory-bound kernels": step.elementwise_s,
        "dequantisation": step.dequantise_s,
        "waiting for the host": step.launch_s,
        "optimizer": step.optimizer_s,
        "communication": step.communication_s,
        "input from the first rank": step.input_s,
    }
    console.print(_parts("an optimizer step, seconds", seconds, "{:.3f}"))
    speed = f"{step.tokens_per_second:,.0f} tok/s"
    console.print(f"  = {step.total_s:.3f} s (±{100 * step.error:.0f} %), {speed}\n")
    run = estimate.run
    minutes = {f"start: {name}": part / 60 for name, part in run.startup.items()} | {
        "training": run.training_s / 60,
        "evaluation": run.evaluation_s / 60,
        "checkpoints": run.saving_s / 60,
        "interruptions": run.interruptions_s / 60,
    }
    console.print(_parts("the run, minutes", minutes, "{:.1f}"))
    console.print(f"  = {run.hours:.2f} h ({run.low_s / 3600:.2f}-{run.high_s / 3600:.2f})\n")
    figures = option.to_dict()
    if option.runs:
        console.print(
            f"  {figures['expected_interruptions']:.2f} interruptions expected, a checkpoint every "
            f"{run.checkpoint_every:,} steps; about {figures['queue_s'] / 60:.1f} min of waiting for the "
            "containers come before that, unpaid\n"
        )
    console.print(_parts("the bill, dollars", option.bill.parts, "{:.2f}"))
    fee = option.bill.monthly_fee_usd
    console.print(
        f"  = ${option.bill.usd:.2f}, mostly {option.bill.dominant}; the {option.bill.plan} plan's monthly "
        f"credit takes off up to ${option.bill.credit_usd:.2f}" + (f", its fee is ${fee:,.0f}" if fee else "")
    )


def print_simulated(simulated: Mapping[str, Simulation], stream: TextIO) -> None:
    """Print what the runs of each option did when they were played through."""
    if not simulated:
        return
    console = _console(stream)
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("played through", no_wrap=True)
    for name in ("hours, 10/50/90 %", "dollars, 10/50/90 %", "work lost, h", "interruptions", "finished"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, one in simulated.items():
        hours, usd = one.total_s.scaled(1 / 3600, 2), one.usd.scaled(1, 2)
        table.add_row(
            name,
            f"{hours['p10']:.2f} / {hours['p50']:.2f} / {hours['p90']:.2f}",
            f"{usd['p10']:.2f} / {usd['p50']:.2f} / {usd['p90']:.2f}",
            f"{one.lost_s.mean / 3600:.2f}",
            f"{one.interruptions.mean:.2f}",
            f"{100 * one.finished:.0f} %",
        )
    console.print()
    console.print(table)
    first = next(iter(simulated.values()))
    console.print(f"{first.runs} runs each, seed {first.seed}, waits for containers included.", style="dim")


def _console(stream: TextIO) -> Console:
    return Console(
        file=stream,
        force_terminal=Style.of(stream).colour,
        no_color=not Style.of(stream).colour,
        width=None if stream.isatty() else _WIDTH_OF_A_FILE,
        highlight=False,
    )


def _parts(title: str, parts: Mapping[str, float], form: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column(title, no_wrap=True)
    table.add_column("", justify="right", no_wrap=True)
    for name, size in sorted(parts.items(), key=lambda part: -part[1]):
        if form.format(size).strip("0."):
            table.add_row(f"  {name}", form.format(size))
    return table


def _front(plan: Plan) -> Iterator[str]:
    for option in plan.pareto:
        estimate = option.estimate
        yield f"{option.name}: {estimate.run.hours:.2f} h, ${estimate.usd:.2f}"


def _table(plan: Plan, shown: Sequence[Option]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("option", no_wrap=True)
    table.add_column("fits", no_wrap=True)
    for name in ("GiB a GPU", "batch", "steps", "save every", "hours", "dollars"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for number, option in enumerate(shown, start=1):
        table.add_row(str(number), *_row(plan, option), style="" if option.runs else "dim")
    return table


def _row(plan: Plan, option: Option) -> list[str | Text]:
    estimate, gpu = option.estimate, option.hardware.gpu
    if not option.allowed:
        return [option.name, Text("refused", style="red"), "", "", "", "", "", "", _marks(plan, option)]
    fits = {"yes": ("yes", "green"), "tight": ("tight", "yellow"), "no": ("no", "red")}[option.fit]
    memory = f"{estimate.memory.reserved_gib:.1f} of {gpu.usable_gib:g}"
    if option.fit == "no":
        return [option.name, Text(*fits), memory, "", "", "", "", "", _marks(plan, option)]
    run, split = estimate.run, estimate.split
    low, high = estimate.rate.cost_usd(run.low_s), estimate.rate.cost_usd(run.high_s)
    return [
        option.name,
        Text(*fits),
        memory,
        f"{split.global_batch} = {split.micro_batch}·{split.accumulation}·{split.world_size}",
        f"{run.steps:,}",
        f"{run.checkpoint_every:,}",
        f"{run.hours:.2f} ({run.low_s / 3600:.2f}-{run.high_s / 3600:.2f})",
        f"${estimate.usd:.2f} (${low:.2f}-${high:.2f})",
        _marks(plan, option),
    ]


def _marks(plan: Plan, option: Option) -> str:
    marks = ["asked for"] if option.asked else []
    for name, chosen in (("now", plan.now), ("cheapest", plan.cheapest), ("fastest", plan.fastest)):
        if chosen is not None and chosen.option is option:
            marks.append(name)
    return "← " + ", ".join(marks) if marks else ""


def _print_recommendation(console: Console, title: str, chosen: Recommendation | None) -> None:
    if chosen is None:
        console.print(f"\n[bold]{title}:[/] none of the options runs within what is wished for")
        return
    option, nodes = chosen.option, chosen.option.hardware.nodes
    cluster = f" and @modal.clustered(size={nodes})" if nodes > 1 else ""
    heading = f'[bold]{title}: [green]{option.name}[/][/]  gpu="{option.gpu}"{cluster}'
    _print_list(console, heading, iter(chosen.reasons))
    _print_list(console, "  [bold]What would change it:[/]", iter(chosen.changes))


def _print_list(console: Console, title: str, items: Iterator[str]) -> None:
    for number, line in enumerate(bullets(title, items, console.width)):
        # The second line is the title; the others are plain text that may hold brackets.
        console.print(line, markup=number == 1, soft_wrap=True)


def _prerequisites(plan: Plan) -> Iterator[str]:
    yield from _by_option(plan, {option.name: option.prerequisites for option in plan.options if option.runs})


def _notes(plan: Plan) -> Iterator[str]:
    yield from _by_option(plan, {option.name: option.notes for option in plan.options if option.allowed})


def _by_option(plan: Plan, lines: dict[str, tuple[str, ...]]) -> Iterator[str]:
    """Each line once, with the options that it holds for."""
    names: dict[str, list[str]] = {}
    for name, own in lines.items():
        for line in own:
            names.setdefault(line, []).append(name)
    for line, held in names.items():
        yield f"{'all' if len(held) == len(lines) else ', '.join(held)}: {line}"


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
