"""The problems: one part for each rule that found something."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tminus.check import Safety
from tminus.check.catalogue import catalogue
from tminus.report.audit.costs import Impact, Kind
from tminus.report.audit.document import (
    Block,
    Bullets,
    Link,
    Mono,
    Paragraph,
    Prose,
    Section,
    Strong,
    Text,
)
from tminus.report.audit.documentation import documented
from tminus.report.audit.evidence import Evidence, Problem
from tminus.report.audit.excerpts import change, excerpt, place
from tminus.report.audit.labels import fix_flags, severity_badge
from tminus.report.audit.prose import prose
from tminus.report.audit.sentences import paragraphs
from tminus.report.audit.wording import Words
from tminus.report.rule_page import sections, summary

WHY = "Why is this bad?"
# More places than this of one rule are listed without their code.
_MOST_SHOWN = 3


def problems_part(evidence: Evidence, impacts: dict[str, Impact], words: Words) -> Section:
    """Every problem, the worst first."""
    intro: tuple[Block, ...] = ()
    if not evidence.problems:
        intro = (Paragraph(prose(words("No rule found anything in this script."))),)
    parts = [_problem(one, evidence, impacts[one.code], words) for one in evidence.problems]
    return Section("problems", words("Problems"), (*intro, *parts))


def heading(problem: Problem) -> str:
    """A problem's rule by code and name."""
    return f"{problem.code} {problem.findings[0].name}"


def _problem(problem: Problem, evidence: Evidence, impact: Impact, words: Words) -> Section:
    page = catalogue()[problem.code].page
    blocks: list[Block] = [
        Paragraph((severity_badge(problem.severity, words), Text(" "), *words.said(summary(page))))
    ]
    before = None
    for finding in problem.findings[:_MOST_SHOWN]:
        code = excerpt(finding, evidence.script, words) if finding.span != before else None
        blocks += [*((code,) if code is not None else ()), Paragraph(words.said(finding.message))]
        before = finding.span
    others = problem.findings[_MOST_SHOWN:]
    if others:
        items = (prose(place(one.span, words), ": ", words.said(one.message)) for one in others)
        blocks += [Paragraph(prose(words("The same at:"))), Bullets(tuple(items))]
    if problem.sources:
        blocks += [_lead(words("What the documentation says")), documented(problem.sources, evidence, words)]
    why = paragraphs(sections(page).get(WHY, ""))
    if why:
        blocks.append(Paragraph((Strong(words("Why it matters:")), Text(" "), *_joined(why, words))))
    blocks.append(Paragraph((Strong(words("What it costs:")), Text(" "), *cost(impact, words))))
    blocks += _remedy(problem, evidence, words)
    return Section(problem.code.lower(), heading(problem), tuple(blocks))


def cost(impact: Impact, words: Words) -> Prose:
    """What a problem costs: the amount where it could be computed, and how it comes about."""
    if impact.expected_usd is None and impact.most_usd is None:
        return prose(impact.words)
    if impact.kind is Kind.REFUSED:
        amount = words.usd(0)
    elif impact.kind is Kind.STORAGE:
        amount = words("{usd} a month", usd=words.usd(impact.expected_usd or 0.0))
    elif impact.expected_usd is None:
        amount = words("up to {most} a run", most=words.usd(impact.most_usd or 0.0))
    elif impact.most_usd is not None and impact.most_usd > impact.expected_usd:
        amount = words(
            "{usd} a run to expect, up to {most}",
            usd=words.usd(impact.expected_usd),
            most=words.usd(impact.most_usd),
        )
    else:
        amount = words("{usd} a run", usd=words.usd(impact.expected_usd))
    machines = ""
    if impact.machines is not None:
        machines = " " + words("Computed for {option}.", option=impact.machines.name)
    return prose(Strong(amount), ". ", impact.words, machines)


def _remedy(problem: Problem, evidence: Evidence, words: Words) -> Iterator[Block]:
    advice = list(dict.fromkeys(one.advice for one in problem.findings if one.advice))
    fixes = [one.fix for one in problem.findings if one.fix is not None and one.fix.edits]
    if advice:
        yield _lead(words("What to do"))
        yield Bullets(tuple(words.said(one) for one in advice))
    for fix in fixes[:_MOST_SHOWN]:
        shown = change(fix, evidence.script, words)
        if shown is None:
            continue
        how = words("by hand") if fix.safety is Safety.DISPLAY else ""
        made: Prose = prose(how) if how else (Mono(f"tminus check {fix_flags(fix.safety)}"),)
        yield Paragraph(
            (Strong(words("Corrected:")), Text(" "), *words.said(fix.title), Text(" ("), *made, Text(")"))
        )
        yield shown
    yield Paragraph(
        (Mono(f"tminus explain {problem.code}"), Text(" "), Text(words("prints the whole page of the rule.")))
    )


def _lead(title: str) -> Paragraph:
    return Paragraph((Strong(title),))


def _joined(texts: Iterable[str], words: Words) -> Prose:
    found: Prose = ()
    for text in texts:
        found += (*((Text(" "),) if found else ()), *words.said(text))
    return found


def link_to(problem: Problem) -> Link:
    """A link to the part of a problem."""
    return Link(heading(problem), f"#{problem.code.lower()}")
