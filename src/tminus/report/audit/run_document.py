"""A run as a document: how it stands, and what was planned against what came."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

from tminus.launch.record import Planned, RunRecord, RunStatus
from tminus.report.audit.build import page_labels
from tminus.report.audit.document import (
    Callout,
    Code,
    CodeLine,
    Document,
    Mono,
    Paragraph,
    Prose,
    Row,
    Section,
    Table,
    Term,
    Terms,
    Text,
    Tone,
)
from tminus.report.audit.prose import foreign, prose
from tminus.report.audit.wording import Words, later

_STATUS = {
    RunStatus.STARTING: (Tone.PLAIN, later("Starting")),
    RunStatus.RUNNING: (Tone.PLAIN, later("Running")),
    RunStatus.FINISHED: (Tone.GOOD, later("Finished")),
    RunStatus.FAILED: (Tone.BAD, later("Failed")),
    RunStatus.STOPPED: (Tone.WARN, later("Stopped before its end")),
    RunStatus.ENDED: (Tone.WARN, later("Over; its output does not say how it ended")),
}


def run_document(record: RunRecord, words: Words) -> Document:
    """A run, finished or not."""
    return Document(
        title=words("Run {run} of {script}", run=record.id, script=record.target),
        language=words.language,
        about=_about(record, words),
        sections=(
            _status(record, words),
            _compared(record, words),
            _told(record, words),
            _next_step(record, words),
        ),
        labels=page_labels(words),
    )


def _about(record: RunRecord, words: Words) -> Prose:
    asked = datetime.fromtimestamp(record.created_s, UTC).date()
    return (
        Text(f"{words('Asked for on {day}, on', day=words.date(asked))} "),
        Mono(record.service),
        Text("."),
    )


def _status(record: RunRecord, words: Words) -> Section:
    tone, title = _STATUS[record.status]
    reason = words.said(record.reason) if record.reason else prose(_reached(record, words))
    return Section("status", words("Status"), (Callout(tone, words(title), reason),))


def _reached(record: RunRecord, words: Words) -> str:
    if record.last_step is None:
        return words("Its output has told of no step.")
    step = words.number(record.last_step)
    if record.last_loss is None:
        return words("Step {step} was the last that its output told of.", step=step)
    return words(
        "Step {step} was the last that its output told of, with a loss of {loss}.",
        step=step,
        loss=words.number(record.last_loss, 4),
    )


def _compared(record: RunRecord, words: Words) -> Section:
    title = words("Planned against actual")
    if record.planned is None:
        return Section("planned", title, (Paragraph(prose(words("The run was launched without a plan."))),))
    head = (words("measure"), words("planned"), words("actual"), words("difference"))
    caption = words("What the plan for {option} said, and what came", option=record.planned.machines)
    rows = tuple(_rows(record, record.planned, words))
    return Section(
        "planned", title, (Table(caption, head, rows, frozenset({1, 2, 3})), *_judged(record, words))
    )


def _rows(record: RunRecord, planned: Planned, words: Words) -> Iterator[Row]:
    step = planned.steps if record.last_step is None else record.last_step
    yield _row(
        words("optimizer steps"),
        words.number(planned.steps),
        "" if record.last_step is None else words.number(step),
        _share(record.last_step, planned.steps, words),
    )
    yield _row(
        words("time"),
        words(
            "{time} ({low} to {high})",
            time=words.hours(planned.seconds),
            low=words.hours(planned.seconds_low, planned.seconds),
            high=words.hours(planned.seconds_high, planned.seconds),
        ),
        "" if record.seconds is None else words.hours(record.seconds, planned.seconds),
        _share(record.seconds, planned.seconds, words),
    )
    yield _row(
        words("price"),
        words(
            "{usd} ({low} to {high})",
            usd=words.usd(planned.usd),
            low=words.usd(planned.usd_low),
            high=words.usd(planned.usd_high),
        ),
        "" if record.paid_usd is None else words.usd(record.paid_usd),
        _share(record.paid_usd, planned.usd, words),
    )
    # The whole time over all steps: start-up and interruptions are in it.
    mean_s = record.seconds / record.last_step if record.seconds and record.last_step else None
    yield _row(
        words("seconds a step, all told"),
        words.number(planned.seconds / planned.steps, 2),
        "" if mean_s is None else words.number(mean_s, 2),
        _share(mean_s, planned.seconds / planned.steps, words),
    )
    if record.restarts is not None:
        yield _row(words("restarts"), "", words.number(record.restarts), "")


def _row(name: str, planned: str, actual: str, difference: str) -> Row:
    return Row((prose(name), prose(planned), prose(actual), prose(difference)))


def _share(actual: float | None, planned: float, words: Words) -> str:
    if actual is None or planned <= 0:
        return ""
    share = actual / planned - 1
    return f"{'+' if share > 0 else ''}{words.percent(share)}"


def _judged(record: RunRecord, words: Words) -> Iterator[Callout]:
    """Whether the price came within the plan's interval; nothing before the run has finished."""
    planned, paid = record.planned, record.paid_usd
    if planned is None or paid is None or record.status is not RunStatus.FINISHED:
        return
    if planned.usd_low <= paid <= planned.usd_high:
        yield Callout(Tone.GOOD, words("Within the plan’s interval"), prose(_source(record, words)))
    else:
        yield Callout(Tone.WARN, words("Outside the plan’s interval"), prose(_source(record, words)))


def _source(record: RunRecord, words: Words) -> str:
    if record.billed_usd is not None:
        return words("The price is what the service billed.")
    return words(
        "The price is the containers’ time at the plan’s rate; the service has not said what it billed."
    )


def _told(record: RunRecord, words: Words) -> Section:
    planned = record.planned
    terms = [
        Term(words("script"), (Mono(record.target), Text(", SHA-256 "), Mono(record.script_sha256[:16]))),
        Term(words("facts of"), prose(words.date(date.fromisoformat(record.facts_date)))),
    ]
    if planned is not None:
        terms.append(Term(words("prices of"), prose(words.date(date.fromisoformat(planned.prices_as_of)))))
    if record.budget_usd is not None:
        terms.append(Term(words("budget"), prose(words.usd(record.budget_usd))))
    if record.app_id is not None:
        terms.append(Term(words("app"), (Mono(record.app_id),)))
    if record.resumes is not None:
        terms.append(Term(words("goes on from"), (Mono(record.resumes),)))
    if record.rehearsal is not None:
        terms.append(Term(words("rehearsal"), (Mono(record.rehearsal),)))
    if record.reason and words.plain(record.reason) is None:
        terms.append(Term(words("reason"), foreign(record.reason)))
    return Section("record", words("What it rests on"), (Terms(tuple(terms)),))


def _next_step(record: RunRecord, words: Words) -> Section:
    if not record.status.is_over:
        said, command = words("It has not come to its end. Look again later:"), f"tminus report {record.id}"
    elif record.status is RunStatus.FINISHED:
        said, command = words("It has come to its end. Its record:"), f"tminus runs show {record.id}"
    else:
        said, command = words("Go on from the newest complete checkpoint:"), f"tminus runs resume {record.id}"
    blocks = (Paragraph(prose(said)), Code(words("next step"), (CodeLine(command),), "sh"))
    return Section("conclusion", words("Conclusion and next step"), blocks)
