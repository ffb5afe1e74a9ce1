"""The audit of a script as a document."""

from __future__ import annotations

from tminus import __version__
from tminus.report.audit.chart_memory import memory_chart
from tminus.report.audit.chart_options import options_chart
from tminus.report.audit.document import Document, Figure, Mono, Prose, Text
from tminus.report.audit.evidence import Evidence
from tminus.report.audit.impact import impact_of
from tminus.report.audit.part_closing import (
    checklist_part,
    conclusion_part,
    money_part,
    multi_node_part,
    unverified_part,
)
from tminus.report.audit.part_options import options_part, recommendation_part
from tminus.report.audit.part_problems import problems_part
from tminus.report.audit.part_status import status_part, validations_part
from tminus.report.audit.validations import validations_of
from tminus.report.audit.wording import Words
from tminus.report.paths import shown


def audit_document(evidence: Evidence, words: Words) -> Document:
    """The whole audit in one language."""
    impacts = {one.code: impact_of(one, evidence, words) for one in evidence.problems}
    return Document(
        title=words("Audit of {script}", script=shown(evidence.script.path)),
        language=words.language,
        about=about(evidence, words),
        sections=(
            status_part(evidence, impacts, words),
            problems_part(evidence, impacts, words),
            options_part(evidence, words, _figures(evidence, words)),
            recommendation_part(evidence, words),
            validations_part(validations_of(evidence, words), words),
            checklist_part(evidence, words),
            multi_node_part(evidence, words),
            unverified_part(evidence, words),
            money_part(evidence, impacts, words),
            conclusion_part(evidence, words),
        ),
        labels=page_labels(words),
    )


def _figures(evidence: Evidence, words: Words) -> list[Figure]:
    if evidence.plan is None:
        return []
    drawn = (options_chart(evidence.plan, words), memory_chart(evidence.plan, words))
    return [one for one in drawn if one is not None]


def about(evidence: Evidence, words: Words) -> Prose:
    """What the audit was made with, and when."""
    made = words(
        "Made by tminus {version} on {day}, from {rules} rules; nothing of the script was run.",
        version=__version__,
        day=words.date(evidence.facts.today),
        rules=words.number(len(evidence.rules)),
    )
    again = words("The same again:")
    return (Text(f"{made} {again} "), Mono(f"tminus report {shown(evidence.script.path)}"))


def page_labels(words: Words) -> tuple[tuple[str, str], ...]:
    """The words of the page around the document."""
    return (
        ("contents", words("Contents")),
        ("skip", words("Skip to the text")),
        ("finding", words("the finding is in this line")),
        ("added", words("added")),
        ("removed", words("removed")),
    )
