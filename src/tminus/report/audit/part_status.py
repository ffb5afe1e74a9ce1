"""The head of the audit: whether the script runs, and every validation with its verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tminus.report.audit.costs import Impact
from tminus.report.audit.document import (
    Block,
    Bullets,
    Callout,
    Link,
    Paragraph,
    Prose,
    Row,
    Section,
    Table,
    Term,
    Terms,
    Tone,
)
from tminus.report.audit.evidence import Evidence
from tminus.report.audit.impact import total_of
from tminus.report.audit.labels import Verdict, counted, verdict_badge
from tminus.report.audit.part_options import price, time
from tminus.report.audit.part_problems import link_to
from tminus.report.audit.prose import prose
from tminus.report.audit.validations import Validation
from tminus.report.audit.wording import Words

_TONES = {Verdict.FAILED: Tone.BAD, Verdict.UNKNOWN: Tone.WARN}


def status_part(evidence: Evidence, impacts: dict[str, Impact], words: Words) -> Section:
    """Whether the script can run, and what stands out."""
    counts = counted([one.severity for one in evidence.findings], words)
    if evidence.errors:
        callout = Callout(Tone.BAD, words("Does not run as it is"), prose(counts, "."))
    elif evidence.problems:
        callout = Callout(Tone.WARN, words("Runs, with risks"), prose(counts, "."))
    else:
        callout = Callout(Tone.GOOD, words("Nothing speaks against it"), prose(counts, "."))
    items: list[Prose] = [
        prose(link_to(one), ": ", words.said(one.findings[0].message)) for one in evidence.problems[:3]
    ]
    blocks: list[Block] = [callout]
    summary = list(_in_short(evidence, impacts, words))
    if summary:
        blocks.append(Terms(tuple(summary)))
    if items:
        blocks += [Paragraph(prose(words("First of all:"))), Bullets(tuple(items))]
    return Section("status", words("Status"), tuple(blocks))


def _in_short(evidence: Evidence, impacts: dict[str, Impact], words: Words) -> Iterator[Term]:
    """What was asked for, what is recommended, and what is at stake, in a line each."""
    plan = evidence.plan
    if plan is None:
        return
    asked = next((one for one in plan.options if one.asked), None)
    if asked is not None:
        name = (
            asked.name if asked.allowed else words("{option}, which the platform refuses", option=asked.name)
        )
        yield Term(words("Asked for"), prose(name))
    if plan.now is not None:
        option = plan.now.option
        said = words("{time}, {price}", time=time(option, words), price=price(option, words))
        yield Term(words("Recommended now"), prose(Link(option.name, "#now"), ": ", said))
    total = total_of(list(impacts.values()))
    if total is not None and total[1] > 0:
        said = words("{usd} to expect, {most} at most", usd=words.usd(total[0]), most=words.usd(total[1]))
        yield Term(words("What the findings cost a run"), prose(Link(said, "#money")))


def validations_part(validations: list[Validation], words: Words) -> Section:
    """Every validation with its verdict, the rules that ran, and what they looked at."""
    rows = tuple(_row(one, words) for one in validations)
    head = (words("validation"), words("verdict"), words("looked at"), words("rules"))
    said = words(
        "A validation has passed where its subject occurs in the script, all that its rules need could be "
        "read, and none of them found anything. Unknown means that something could not be read; not "
        "applicable, that the subject does not occur."
    )
    caption = words("All validations")
    return Section(
        "validations", words("All validations"), (Paragraph(prose(said)), Table(caption, head, rows))
    )


def _ranges(codes: Sequence[str]) -> str:
    """Codes in a row as the first and the last: ``TM101–TM106, TM108``."""
    runs: list[list[str]] = []
    for code in codes:
        if runs and int(code[2:]) == int(runs[-1][-1][2:]) + 1:
            runs[-1].append(code)
        else:
            runs.append([code])
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 2 else ", ".join(run) for run in runs)


def _row(one: Validation, words: Words) -> Row:
    looked = "; ".join(filter(None, (one.looked.seen, one.looked.unread)))
    return Row(
        (prose(one.title), (verdict_badge(one.verdict, words),), prose(looked), prose(_ranges(one.codes))),
        _TONES.get(one.verdict, Tone.PLAIN),
    )
