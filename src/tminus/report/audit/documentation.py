"""What the documentation says, in a line: the value, where it stands, and when that was read."""

from __future__ import annotations

from collections.abc import Iterable

from tminus.facts import Fact, standing
from tminus.report.audit.document import Link, Prose, Term, Terms
from tminus.report.audit.evidence import Evidence
from tminus.report.audit.prose import prose
from tminus.report.audit.wording import Words
from tminus.report.fact_value import shown_value

# Longer values, such as lists of options, are left to `tminus facts show`.
_MOST_SAID = 120
# Units that are no unit: the value says it all, or goes behind its name.
_BARE = frozenset({"date", "folder"})
_RELEASES = frozenset({"modal version", "release of modal"})


def documented(facts: Iterable[Fact], evidence: Evidence, words: Words) -> Terms:
    """The values that findings were held against, each with its source."""
    return Terms(tuple(Term(one.id, _stated(one, evidence, words), code=True) for one in facts))


def read_on(fact: Fact, words: Words) -> Prose:
    """Where a fact stands and when it was read, in brackets."""
    address = Link(fact.source.removeprefix("https://"), fact.source)
    return prose("(", address, words(", read on {day})", day=words.date(fact.as_of)))


def value_of(fact: Fact, words: Words) -> str:
    """A fact's value with its unit, in the report's language."""
    if words.language == "en":
        return shown_value(fact)
    value = fact.value
    if value is None:
        return words("none documented")
    if value == []:
        return words("none")
    if isinstance(value, bool):
        text = words("yes") if value else words("no")
    elif isinstance(value, int):
        text = words.number(value)
    elif isinstance(value, float):
        text = words.number(value, max(1, len(f"{value:.8f}".rstrip("0").partition(".")[2])))
    elif isinstance(value, list):
        text = ", ".join(_named(str(one), words) for one in value)
    elif fact.unit in _RELEASES:
        return f"modal {value}"
    else:
        text = words.value(str(value)) if fact.unit == "date" else _named(str(value), words)
    return text if not fact.unit or fact.unit in _BARE else f"{text} {words(fact.unit)}"


def _named(value: str, words: Words) -> str:
    """A value that may be words or a name of the platform's."""
    return words.plain(value) or value


def _stated(fact: Fact, evidence: Evidence, words: Words) -> Prose:
    value = value_of(fact, words)
    said = f"{value} " if len(value) <= _MOST_SAID else ""
    found = prose(said, read_on(fact, words))
    for other in fact.conflicts:
        against = words("Another source says otherwise, on {day}:", day=words.date(other.as_of))
        found += prose(" ", against, " ", Link(other.source.removeprefix("https://"), other.source), ": ")
        found += prose("“", words.said(other.says), "”.")
    age = (evidence.facts.today - fact.as_of).days
    if not fact.conflicts and standing(fact, evidence.facts.today).weak:
        found += prose(
            " ", words("Read {days} days ago: too long for an error to rest on it.", days=words.number(age))
        )
    return found
