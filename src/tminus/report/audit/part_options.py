"""The options: a table of all, and of each that matters its code, what speaks for it and what against."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tminus.plan import Option, Plan, Recommendation
from tminus.plan.edits import edit_for
from tminus.report.audit.document import (
    Block,
    Bullets,
    Callout,
    Mono,
    Paragraph,
    Prose,
    Row,
    Section,
    Strong,
    Table,
    Text,
    Tone,
)
from tminus.report.audit.evidence import Evidence
from tminus.report.audit.excerpts import option_change
from tminus.report.audit.prose import prose
from tminus.report.audit.wording import Words, later

# Below this share of the card, a little more per row or a longer one does not fit.
_LITTLE_ROOM = 0.1
# A space at which no line ends.
_UNBROKEN = "\u00a0"


def options_part(evidence: Evidence, words: Words, figures: Sequence[Block]) -> Section:
    """The table of options, their pictures, and the options that matter one by one."""
    plan = evidence.plan
    title = words("Options")
    if plan is None:
        why = words("There are no options to compare: the script does not say enough for a plan.")
        return Section("options", title, (Paragraph(prose(why, " ", words.said(evidence.no_plan))),))
    blocks: list[Block] = [Paragraph(_job(plan, words)), _table(plan, words), *figures]
    for number, option in enumerate(_detailed(plan), 1):
        blocks.append(_option(option, number, plan, evidence, words))
    return Section("options", title, tuple(blocks))


def recommendation_part(evidence: Evidence, words: Words) -> Section:
    """What to take for production now, and what for the shortest run, with the reasons."""
    title, plan = words("Recommendation"), evidence.plan
    if plan is None:
        return Section("recommendation", title, (Paragraph(prose(words("None without a plan."))),))
    return Section(
        "recommendation",
        title,
        (
            _recommended("now", words("For production now"), plan.now, words),
            _recommended("fastest", words("For the greatest speed"), plan.fastest, words),
        ),
    )


def price(option: Option, words: Words) -> str:
    """An option's price with its interval."""
    estimate = option.estimate
    low, high = estimate.rate.cost_usd(estimate.run.low_s), estimate.rate.cost_usd(estimate.run.high_s)
    return words(
        "{usd} ({low} to {high})", usd=words.usd(estimate.usd), low=words.usd(low), high=words.usd(high)
    )


def time(option: Option, words: Words) -> str:
    """An option's time with its interval."""
    run = option.estimate.run
    return words(
        "{time} ({low} to {high})",
        time=words.hours(run.total_s),
        low=words.hours(run.low_s, run.total_s),
        high=words.hours(run.high_s, run.total_s),
    )


def decorators(option: Option) -> Prose:
    """How an option is asked for."""
    nodes, rdma = option.hardware.nodes, ", rdma=True" if option.hardware.rdma else ""
    asked: Prose = (Mono(f'gpu="{option.gpu}"'),)
    return asked if nodes == 1 else (*asked, Text(" + "), Mono(f"@modal.clustered(size={nodes}{rdma})"))


def _job(plan: Plan, words: Words) -> Prose:
    job = plan.job
    passes = (
        words("{steps} steps", steps=words.number(job.max_steps))
        if job.max_steps
        else words(
            "{rows} rows, {epochs} epochs", rows=words.number(job.rows), epochs=words.value(f"{job.epochs:g}")
        )
    )
    return prose(
        words(
            "The job: {method} of {model}, {passes}, sequences of at most {length} tokens, global batch "
            "{batch}.",
            method=job.method,
            model=job.model.id,
            passes=passes,
            length=words.number(job.seq_len),
            batch=words.number(job.global_batch),
        )
    )


def _table(plan: Plan, words: Words) -> Table:
    head = (
        words("option"),
        words("memory a GPU"),
        words("effective batch"),
        words("time"),
        words("price"),
        words("remark"),
    )
    rows = tuple(_row(option, plan, words) for option in plan.options)
    caption = words("All options; in brackets the interval that published runs leave open.")
    return Table(caption, head, rows, frozenset({1, 2, 3, 4}))


def _row(option: Option, plan: Plan, words: Words) -> Row:
    remarks = [words("asked for")] if option.asked else []
    chosen = [
        words(mark)
        for mark, one in ((later("recommended now"), plan.now), (later("fastest"), plan.fastest))
        if one is not None and one.option is option
    ]
    if not option.allowed:
        remarks.append(words("refused"))
    elif option.fit != "yes":
        remarks.append(words("does not fit") if option.fit == "no" else words("tight"))
    empty: Prose = ()
    cells = (
        prose(option.name.replace(" ", _UNBROKEN)),
        prose(_memory(option, words)) if option.allowed else empty,
        prose(_batch(option)) if option.runs else empty,
        prose(time(option, words)) if option.runs else empty,
        prose(price(option, words)) if option.runs else empty,
        prose(", ".join([*remarks, *chosen])),
    )
    tone = Tone.GOOD if chosen else Tone.PLAIN if option.runs else Tone.BAD
    return Row(cells, tone)


def _memory(option: Option, words: Words) -> str:
    memory, gpu = option.estimate.memory, option.hardware.gpu
    return words(
        "{used} of {whole} GiB",
        used=words.number(memory.reserved_gib, 1),
        whole=words.number(gpu.usable_gib, 1),
    )


def _batch(option: Option) -> str:
    split = option.estimate.split
    return f"{split.global_batch} = {split.micro_batch} × {split.accumulation} × {split.world_size}"


def _detailed(plan: Plan) -> Iterator[Option]:
    """What was asked, its ways out, and what is recommended: the others are in the table."""
    chosen = [one.option for one in (plan.now, plan.fastest) if one is not None]
    running = [one for one in plan.options if one.runs]
    cheapest = min(running, key=lambda one: one.estimate.usd, default=None)
    host = max(
        (one.hardware.gpus_per_node for one in running if one.hardware.gpu is plan.asked.gpu), default=0
    )
    for option in plan.options:
        same = option.hardware.gpu is plan.asked.gpu
        way_out = same and (not option.allowed or option.hardware.gpus_per_node == host)
        if option.asked or way_out or option in chosen or option is cheapest:
            yield option


def _option(option: Option, number: int, plan: Plan, evidence: Evidence, words: Words) -> Section:
    blocks: list[Block] = []
    if option.refused_because is not None:
        blocks.append(Callout(Tone.BAD, words("Refused by the platform"), words.said(option.refused_because)))
    elif option.fit == "no":
        blocks.append(Callout(Tone.BAD, words("Does not fit"), prose(_memory(option, words))))
    else:
        blocks += _possible(option, plan, evidence, words)
    title = words("Option {number}: {name}", number=str(number), name=option.name)
    return Section(f"option-{number}", title, tuple(blocks))


def _possible(option: Option, plan: Plan, evidence: Evidence, words: Words) -> Iterator[Block]:
    yield Table(
        words("What {option} takes", option=option.name),
        (words("memory a GPU"), words("effective batch"), words("steps"), words("time"), words("price")),
        (
            Row(
                (
                    prose(_memory(option, words)),
                    prose(_batch(option)),
                    prose(words.number(option.estimate.run.steps)),
                    prose(time(option, words)),
                    prose(price(option, words)),
                )
            ),
        ),
        frozenset({0, 1, 2, 3, 4}),
    )
    yield Paragraph((Strong(words("The price is made of:")), Text(f" {_bill(option, words)}.")))
    edit = edit_for(evidence.script, option)
    change = option_change(edit, option, words)
    if change is not None:
        yield change
    if edit.left:
        yield Paragraph((Strong(words("To be changed by hand")),))
        yield Bullets(tuple(words.said(one) for one in edit.left))
    for title, items in (
        (words("Advantages"), list(_advantages(option, plan, evidence, words))),
        (words("Drawbacks"), list(_drawbacks(option, plan, evidence, words))),
        (words("Prerequisites"), [words.said(one) for one in option.prerequisites]),
    ):
        if items:
            yield Paragraph((Strong(title),))
            yield Bullets(tuple(items))


def _bill(option: Option, words: Words) -> str:
    """The parts of a price, the largest first; what rounds to nothing is left out."""
    parts = sorted(option.bill.parts.items(), key=lambda part: -part[1])
    return ", ".join(
        f"{words(_PARTS.get(name, name))} {words.usd(usd)}" for name, usd in parts if usd >= 0.005
    )


_PARTS = {
    "GPU": later("GPUs"),
    "CPU": later("cores"),
    "memory": later("host memory"),
    "start-up": later("start-up"),
    "interruptions": later("interruptions"),
    "image build": later("building the image"),
    "storage": later("storage"),
}


def _advantages(option: Option, plan: Plan, evidence: Evidence, words: Words) -> Iterator[Prose]:
    running = [one for one in plan.options if one.runs]
    if option is min(running, key=lambda one: one.estimate.run.total_s):
        yield prose(words("the shortest run of all options"))
    if option is min(running, key=lambda one: one.estimate.usd):
        yield prose(words("the lowest price of all options"))
    if not option.setup:
        yield prose(words("needs no set-up beyond the script and a payment method"))
    wait = evidence.facts["gpu.wait_above"]
    if option.hardware.gpus_per_node <= wait.value and option.hardware.nodes == 1:
        yield prose(words("so few GPUs usually come without a long wait"))
    if option.fitted.job.global_batch == plan.job.global_batch:
        yield prose(words("keeps the effective batch of {batch}", batch=words.number(plan.job.global_batch)))
    room = 1 - option.estimate.memory.reserved_gib / option.hardware.gpu.usable_gib
    if room > _LITTLE_ROOM:
        yield prose(words("leaves {room} of each GPU’s memory free", room=words.percent(room)))
    if option.hardware.nodes == 1:
        yield prose(words("one container: gradients stay within the machine"))


def _drawbacks(option: Option, plan: Plan, evidence: Evidence, words: Words) -> Iterator[Prose]:
    running = [one for one in plan.options if one.runs]
    cheapest = min(running, key=lambda one: one.estimate.usd)
    fastest = min(running, key=lambda one: one.estimate.run.total_s)
    if option is not cheapest:
        more = words.usd(option.estimate.usd - cheapest.estimate.usd)
        yield prose(words("costs {more} more than {option}", more=more, option=cheapest.name))
    if option is not fastest:
        longer = words.hours(option.estimate.run.total_s - fastest.estimate.run.total_s)
        yield prose(words("takes {longer} longer than {option}", longer=longer, option=fastest.name))
    if option.setup:
        yield prose(words("has to be set up first"))
    if option.hardware.world_size > 1 and evidence.found("TM107"):
        yield prose(
            words(
                "needs one process for each GPU, which the script does not start: torchrun or accelerate "
                "launch"
            )
        )
    if option.hardware.nodes > 1:
        yield prose(words("an interruption of one container stops all of them"))
    for note in option.notes:
        yield words.said(note)


def _changes(chosen: Recommendation, words: Words) -> Iterator[Block]:
    if chosen.changes:
        yield Paragraph((Strong(words("What would change this")),))
        yield Bullets(tuple(words.said(one) for one in chosen.changes))


def _recommended(anchor: str, title: str, chosen: Recommendation | None, words: Words) -> Section:
    if chosen is None:
        return Section(anchor, title, (Paragraph(prose(words("None of the options runs."))),))
    option = chosen.option
    return Section(
        anchor,
        title,
        (
            Callout(
                Tone.GOOD,
                option.name,
                prose(
                    decorators(option),
                    ": ",
                    words("{time}, {price}.", time=time(option, words), price=price(option, words)),
                ),
            ),
            Bullets(tuple(words.said(one) for one in chosen.reasons)),
            *_changes(chosen, words),
        ),
    )
