"""A rehearsal as a document: its verdict, planned against rehearsed, the claims, the timeline."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

from tminus.plan import Option, Plan
from tminus.report.audit.build import page_labels
from tminus.report.audit.document import (
    Badge,
    Block,
    Bullets,
    Callout,
    Code,
    CodeLine,
    Document,
    Figure,
    Mono,
    Paragraph,
    Prose,
    Row,
    Section,
    Table,
    Text,
    Tone,
)
from tminus.report.audit.embedded import embedded
from tminus.report.audit.prose import prose
from tminus.report.audit.rehearsed import Rehearsed, RehearsedClaim
from tminus.report.audit.wording import Words, later

_STATUS = {
    "passed": (Tone.GOOD, later("Passed: it runs to its end and loses nothing that was committed")),
    "failed": (Tone.BAD, later("Failed")),
    "refused": (Tone.BAD, later("Refused: the platform does not accept this app")),
    "inconclusive": (Tone.WARN, later("Inconclusive: not everything could be shown")),
}
_OUTCOMES = {
    "proven": (Tone.GOOD, later("proven")),
    "violated": (Tone.BAD, later("violated")),
    "not shown": (Tone.WARN, later("not shown")),
    "noted": (Tone.PLAIN, later("noted")),
}
# Words of the timeline that its sentences and its legend are made of.
TIMELINE = (
    later("container"),
    later("training"),
    later("checkpoint"),
    later("commits"),
    later("loss"),
    later("preempted"),
)
_LISTS = {
    "stood_in": later("Stand-ins"),
    "changes": later("Changed to fit this machine"),
    "proven": later("Proven"),
    "not_proven": later("Not proven by a rehearsal"),
    "unknown": later("Unknown"),
}


def rehearsal_document(rehearsed: Rehearsed, plan: Plan | None, words: Words) -> Document:
    """A rehearsal, beside the plan of its script where there is one."""
    sections = [
        _status(rehearsed, words),
        _compared(rehearsed, plan, words),
        _claims(rehearsed, words),
        *_timeline(rehearsed, words),
        *_lists(rehearsed, words),
        _next_step(rehearsed, words),
    ]
    about = words("Rehearsed in {time} with isolation", time=words.hours(rehearsed.seconds))
    return Document(
        title=words("Rehearsal of {script}", script=rehearsed.script),
        language=words.language,
        about=(Text(f"{about} "), Mono(rehearsed.isolation), Text(".")),
        sections=tuple(sections),
        labels=page_labels(words),
    )


def _status(rehearsed: Rehearsed, words: Words) -> Section:
    tone, title = _STATUS.get(rehearsed.status, (Tone.WARN, rehearsed.status))
    counts = words.count("{count} interruption", "{count} interruptions", len(rehearsed.faults))
    attempts = words.count("{count} attempt", "{count} attempts", rehearsed.attempts)
    return Section("status", words("Status"), (Callout(tone, words(title), prose(f"{counts}, {attempts}.")),))


def _compared(rehearsed: Rehearsed, plan: Plan | None, words: Words) -> Section:
    title = words("Planned against rehearsed")
    option = _asked(plan)
    if option is None:
        said = words("There is no plan for the machines that the script asks for.")
        return Section("planned", title, (Paragraph(prose(said)), _faults(rehearsed, words)))
    table = Table(
        words("What the plan for {option} says, and what the rehearsal showed", option=option.name),
        (words("measure"), words("planned"), words("rehearsed"), words("remark")),
        tuple(_rows(rehearsed, option, words)),
        frozenset({1, 2}),
    )
    return Section(
        "planned", title, (table, _faults(rehearsed, words), *_resume_cost(rehearsed, option, words))
    )


def _asked(plan: Plan | None) -> Option | None:
    options = plan.options if plan is not None else ()
    return next((one for one in options if one.asked and one.runs), None)


def _rows(rehearsed: Rehearsed, option: Option, words: Words) -> Iterator[Row]:
    run = option.estimate.run
    batch, here = option.estimate.split.global_batch, rehearsed.global_batch
    same = words("the same") if here == batch else words("not the same: look at what was changed")
    yield _row(
        words("optimizer steps"),
        words.number(run.steps),
        _number(rehearsed.max_steps or rehearsed.last_step, words),
        words("shrunk on purpose"),
    )
    yield _row(words("effective batch"), words.number(batch), _number(here, words), same)
    planned_saves = max(1, run.steps // run.checkpoint_every)
    yield _row(
        words("checkpoints in a run"),
        words.number(planned_saves),
        words.number(len(rehearsed.saves)),
        words("the script’s own interval, of the shrunk steps")
        if rehearsed.saves
        else words("none was saved"),
    )
    yield _row(
        words("steps between checkpoints"),
        words.number(run.checkpoint_every),
        _number(rehearsed.save_every, words),
        words("planned: the interval that loses the least"),
    )
    yield _row(
        words("time"), words.hours(run.total_s), "", words("a rehearsal on CPUs tells nothing of speed")
    )
    yield _row(words("price"), words.usd(option.estimate.usd), "", words("nothing was paid"))


def _row(name: str, planned: str, seen: str, remark: str) -> Row:
    return Row((prose(name), prose(planned), prose(seen), prose(remark)))


def _number(value: int | None, words: Words) -> str:
    return "" if value is None else words.number(value)


def _faults(rehearsed: Rehearsed, words: Words) -> Block:
    if not rehearsed.faults:
        return Paragraph(prose(words("Nothing was interrupted: `--preempt 1` asks for an interruption.")))
    rows = tuple(
        Row(
            (
                (Mono(one.kind),),
                prose(words.number(one.step)),
                prose(
                    words("no further attempt")
                    if one.resumed_from is None
                    else words.number(one.resumed_from)
                ),
                prose(words.number(one.steps_twice)),
                prose("" if one.seconds is None else words.seconds(one.seconds)),
            )
        )
        for one in rehearsed.faults
    )
    head = (
        words("interruption"),
        words("after step"),
        words("resumed from"),
        words("steps run twice"),
        words("to the next step"),
    )
    return Table(words("What each interruption cost"), head, rows, frozenset({1, 2, 3, 4}))


def _resume_cost(rehearsed: Rehearsed, option: Option, words: Words) -> Iterator[Block]:
    """What the dearest resume would cost with the real machines: its repeated steps, and a start."""
    if not rehearsed.faults:
        return
    twice = max(one.steps_twice for one in rehearsed.faults)
    run, rate = option.estimate.run, option.estimate.rate
    yield Paragraph(
        prose(
            words(
                "On {option} such an interruption would cost a start of {start}, {usd}; every step that is "
                "run twice costs {step}. Here it was at most {twice}.",
                option=option.name,
                start=words.hours(run.startup_s),
                usd=words.usd(rate.cost_usd(run.startup_s)),
                step=words.usd(rate.cost_usd(option.estimate.step.total_s)),
                twice=words.count("{count} step", "{count} steps", twice),
            )
        )
    )


def _claims(rehearsed: Rehearsed, words: Words) -> Section:
    rows = tuple(_claim(one, words) for one in rehearsed.claims)
    head = (words("claim"), words("verdict"), words("seen"), words("what to do"))
    return Section("claims", words("Claims"), (Table(words("What was judged"), head, rows),))


def _claim(one: RehearsedClaim, words: Words) -> Row:
    tone, outcome = _OUTCOMES.get(one.outcome, (Tone.PLAIN, one.outcome))
    advice: Prose = words.said(one.advice) if one.advice else ()
    if one.rule:
        advice = prose(advice, " (", Mono(f"tminus explain {one.rule}"), ")")
    return Row((words.said(one.claim), (Badge(words(outcome), tone),), words.said(one.seen), advice))


def _timeline(rehearsed: Rehearsed, words: Words) -> Iterator[Section]:
    if rehearsed.timeline is None:
        return
    try:
        svg, description = embedded(rehearsed.timeline, "timeline-picture", words)
    except ElementTree.ParseError:
        return
    caption = words("Containers, training, checkpoints and commits over time")
    yield Section("timeline", words("Timeline"), (Figure(svg, caption, description),))


def _lists(rehearsed: Rehearsed, words: Words) -> Iterator[Section]:
    for name, title in _LISTS.items():
        items = rehearsed.lists[name]
        if items:
            yield Section(
                name.replace("_", "-"), words(title), (Bullets(tuple(words.said(one) for one in items)),)
            )


def _next_step(rehearsed: Rehearsed, words: Words) -> Section:
    title = words("Conclusion and next step")
    if rehearsed.status == "passed":
        said = words("It survives what was rehearsed. Plan the real run:")
        command = f"tminus plan {rehearsed.script}"
    else:
        said = words("Mend what is violated above, and rehearse again:")
        command = f"tminus rehearse {rehearsed.script} --preempt 1"
    return Section(
        "conclusion",
        title,
        (Paragraph(prose(said)), Code(words("next step"), (CodeLine(command),), "sh")),
    )
