"""A plan as Markdown, for a pull request or a note."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from tminus.plan import Option, Plan


def plan_markdown(plan: Plan, today: date, shown: Sequence[Option]) -> str:
    """The plan: its job, a table of options, the recommendations, what was assumed."""
    return "\n".join(_lines(plan, today, shown)) + "\n"


def _lines(plan: Plan, today: date, shown: Sequence[Option]) -> Iterator[str]:
    job = plan.job
    yield f"### {job.method} of `{job.model.id}` ({job.model.parameters / 1e9:.2f} B)"
    yield ""
    yield (
        f"{job.rows:,} rows, sequence {job.seq_len:,}, global batch {job.global_batch}, {job.steps:,} steps; "
        f"asked for on {plan.asked.nodes} × {plan.asked.gpus_per_node} {plan.asked.gpu.name}."
    )
    yield ""
    yield "| | option | fits | GiB a GPU | micro-batch | hours | dollars | |"
    yield "|---|---|---|---|---|---|---|---|"
    for number, option in enumerate(shown, start=1):
        yield f"| {number} | {' | '.join(_cells(plan, option))} |"
    yield ""
    for title, chosen in (("Now", plan.now), ("Cheapest", plan.cheapest), ("Fastest", plan.fastest)):
        if chosen is None:
            yield f"**{title}:** nothing runs within what is wished for."
        else:
            yield f'**{title}: {chosen.option.name}**, `gpu="{chosen.option.gpu}"`'
            yield from (f"- {reason}" for reason in chosen.reasons)
            yield from (f"- otherwise, {change}" for change in chosen.changes)
        yield ""
    refused = [f"- {option.name}: {option.refused_because}" for option in shown if not option.allowed]
    if refused:
        yield "**Refused**"
        yield from refused
        yield ""
    yield "**Assumed**"
    yield from (f"- {one.name} = {one.value}: {one.why}" for one in plan.assumed)
    yield ""
    age = (today - plan.prices_as_of).days
    yield f"Prices as of {plan.prices_as_of.isoformat()}, {age} days old."


def _cells(plan: Plan, option: Option) -> list[str]:
    estimate = option.estimate
    if not option.allowed:
        return [option.name, "refused", "", "", "", "", ""]
    memory = f"{estimate.memory.reserved_gib:.1f} of {option.hardware.gpu.usable_gib:g}"
    if option.fit == "no":
        return [option.name, "no", memory, str(estimate.split.micro_batch), "", "", _mark(plan, option)]
    run, rate = estimate.run, estimate.rate
    return [
        option.name,
        option.fit,
        memory,
        str(estimate.split.micro_batch),
        f"{run.hours:.2f} ({run.low_s / 3600:.2f}-{run.high_s / 3600:.2f})",
        f"{estimate.usd:.2f} ({rate.cost_usd(run.low_s):.2f}-{rate.cost_usd(run.high_s):.2f})",
        _mark(plan, option),
    ]


def _mark(plan: Plan, option: Option) -> str:
    marks = ["asked for"] if option.asked else []
    chosen = (("now", plan.now), ("cheapest", plan.cheapest), ("fastest", plan.fastest))
    marks += [name for name, one in chosen if one is not None and one.option is option]
    return ", ".join(marks)
