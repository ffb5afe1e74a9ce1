"""A rule's page with what the facts say now: values, addresses, dates, and what held before.

A page names its facts as bullets below ``## Limit and source``: ``- `function.timeout_max_s` ``, with words
after a colon where the value needs some. `rule_page` fills in the rest, so that no page can go stale.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from datetime import date

from tminus.check import Rule
from tminus.check.deprecated_use import OTHER_RULES
from tminus.facts import Deprecation, Fact, Facts, Now
from tminus.lazy import pattern
from tminus.report.fact_value import shown_value

LIMIT = "Limit and source"
HISTORY = "When it was different"

_HEADING = pattern(r"^## (.+)\n", re.MULTILINE)
_BULLET = pattern(r"^- `([\w.<>!+*-]+)`(?:: (.+(?:\n  .+)*))?$", re.MULTILINE)
_WIDTH = 108
# More values than this are given as the least and the most.
_MOST_VALUES = 4


def sections(page: str) -> dict[str, str]:
    """The parts of a page by heading, in their order; what stands before the first has the heading ``""``."""
    parts = _HEADING.split(page)
    texts = {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}
    return {heading: text.strip("\n") for heading, text in texts.items()}


def summary(page: str) -> str:
    """The first sentence of a page, in one line."""
    return page.partition("\n\n")[0].replace("\n", " ")


def fix_words(page: str) -> str:
    """What a page says of its fix."""
    return sections(page).get("Fix safety", "")


def facts_named(page: str) -> list[str]:
    """Ids of the facts that a page names, some with a part in angle brackets that stands for several."""
    return [match[1] for match in _BULLET.finditer(sections(page).get(LIMIT, ""))]


def rule_page(rule: Rule, facts: Facts) -> str:
    """A rule's page in Markdown, with the values, addresses and dates of its facts, and with their history.

    Raises:
        KeyError: The page names a fact that there is not.
    """
    parts = sections(rule.page)
    if LIMIT in parts:
        named = facts_named(rule.page)
        parts[LIMIT] = _BULLET.sub(lambda match: _stated(match[1], match[2] or "", facts), parts[LIMIT])
        history = "\n".join(line for one in named for line in _history(one, facts))
        known = parts.pop(HISTORY, "")
        if known or history:
            parts[HISTORY] = "\n\n".join(filter(None, (known, history)))
    first = parts.pop("")
    return "\n\n".join([first, *(f"## {heading}\n{text}" for heading, text in parts.items())])


def _stated(fact_id: str, words: str, facts: Facts) -> str:
    """A bullet with what a fact says, where, and when that was read."""
    group = _group(fact_id, facts)
    if group is not None:
        says, read = group
    else:
        fact = facts[fact_id]
        says, read = shown_value(fact), _read([fact.source], [fact.as_of])
        words = words or _sentence(fact.note)
        for other in fact.conflicts:
            read += f" Another source says {other.says}: {other.source}, read {other.as_of}."
    return _bullet(f"`{fact_id}`: {says}. {words + ' ' if words else ''}{read}")


def _bullet(text: str) -> str:
    # Long addresses and names stay whole.
    lines = textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)
    return "- " + "\n  ".join(lines)


def _group(fact_id: str, facts: Facts) -> tuple[str, str] | None:
    """What an id says that stands for several facts, or for none of its own; None for an ordinary one."""
    kind, _, rest = fact_id.partition(".")
    if kind == "deprecation":
        entries = deprecations(rest, facts)
        says = f"{len(entries)} old forms, listed below" if rest.startswith("<") else _state(entries[0])
        return says, _read([one.source for one in entries], [one.as_of for one in entries])
    if kind in ("signature", "attribute"):
        signatures = facts.signatures
        asked = {rest.removesuffix(".*")} & signatures.releases.keys() or signatures.releases.keys()
        says = ", ".join(
            f"{package} {each[0]} to {each[-1]}"
            for package, each in signatures.releases.items()
            if package in asked
        )
        return says, _read(["https://pypi.org"], [signatures.read_on])
    if kind == "plan":
        limits = {plan.name: plan.concurrent_gpus for plan in facts.plans if plan.concurrent_gpus is not None}
        says = ", ".join(f"{limit} GPUs ({name})" for name, limit in limits.items())
        return says, _read([plan.source for plan in facts.plans], [plan.as_of for plan in facts.plans])
    if "<" in fact_id:
        start, _, end = fact_id.partition("<type>")
        # `gpu.max_per_container` is no `gpu.<type>.max_per_container`.
        least = len(start) + len(end)
        found = [
            facts[one]
            for one in facts.history
            if one.startswith(start) and one.endswith(end) and len(one) > least
        ]
        return _values(found, len(start), len(end)), _read(
            [one.source for one in found], [one.as_of for one in found]
        )
    return None


def _values(found: Sequence[Fact], start: int, end: int) -> str:
    """The values of like facts, each with whose it is; the least and the most where there are many."""
    names: dict[str, list[str]] = {}
    for one in found:
        names.setdefault(shown_value(one), []).append(one.id[start : len(one.id) - end])
    if len(names) > _MOST_VALUES:
        least, most = (shown_value(choice(found, key=lambda one: one.value)) for choice in (min, max))
        return f"{least} ({', '.join(names[least])}) to {most} ({', '.join(names[most])})"
    return ", ".join(f"{value} ({', '.join(each)})" for value, each in names.items())


def _read(sources: Sequence[str], days: Sequence[date]) -> str:
    distinct = list(dict.fromkeys(sources))
    # The page that most entries are from stands for the others.
    first = max(distinct, key=sources.count)
    others = f" and {len(distinct) - 1} more" if len(distinct) > 1 else ""
    since, until = min(days), max(days)
    return f"{first}{others}, read {since if since == until else f'{since} to {until}'}."


def _history(fact_id: str, facts: Facts) -> Iterator[str]:
    """What held before, as bullets; a table of old forms for the deprecations."""
    if fact_id.startswith("deprecation."):
        entries = deprecations(fact_id.partition(".")[2], facts)
        if "<" not in fact_id:
            yield _bullet(f"{entries[0].old}: {_dated(entries[0])}.")
            return
        yield from ("| old | new | warned of from | refused from |", "|---|---|---|---|")
        for entry in entries:
            warned = " ".join(str(part) for part in (entry.deprecated_in, entry.deprecated_on) if part)
            yield f"| {_code(entry.old)} | {_cell(entry.new)} | {warned} | {entry.removed_in or ''} |"
        return
    known = sorted(facts.history.get(fact_id, ()), key=lambda one: one.until or date.max)
    for one in known:
        if one.until is not None:
            note = f" {_sentence(one.note)}" if one.note else ""
            where = _read([one.source], [one.as_of])
            yield _bullet(f"`{fact_id}`: {shown_value(one)} until {one.until}.{note} {where}")
    if len(known) == 1 and known[0].since is not None:
        since = f"{shown_value(known[0])} since {known[0].since}; what held before is not known"
        yield _bullet(f"`{fact_id}`: {since}.")


def deprecations(which: str, facts: Facts) -> list[Deprecation]:
    """The deprecation of an id, or those of a kind.

    Args:
        which: An id, or ``<removed>``, ``<renamed>`` (a parameter that the client refuses, and whose new name
            is the whole change) or ``<warned>``.
        facts: What is known.

    Raises:
        KeyError: There is none of that id or kind.
    """
    found = [
        one
        for one in facts.deprecations
        if which in (one.id, _kind(one)) and (which == one.id or one.id not in OTHER_RULES)
    ]
    if not found:
        raise KeyError(f"no deprecation {which!r}")
    return found


def _kind(entry: Deprecation) -> str:
    if entry.kind == "environment" or not (entry.attributes or entry.parameters):
        return ""
    if entry.now is Now.WARNS:
        return "<warned>"
    if entry.now is not Now.RAISES:
        return ""
    return "<renamed>" if entry.parameters and entry.replacement else "<removed>"


def _state(entry: Deprecation) -> str:
    if entry.removed_in:
        return f"refused from modal {entry.removed_in} on"
    return f"warned of from modal {entry.deprecated_in} on" if entry.deprecated_in else "it still works"


def _dated(entry: Deprecation) -> str:
    warned = f"warned of from modal {entry.deprecated_in} on" if entry.deprecated_in else ""
    if warned and entry.deprecated_on:
        warned += f" (the warning is dated {entry.deprecated_on})"
    gone = f"refused from {'' if warned else 'modal '}{entry.removed_in} on" if entry.removed_in else ""
    return ", ".join(filter(None, (warned, gone))) or "it still works"


def _sentence(text: str) -> str:
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _code(text: str) -> str:
    return f"`{_cell(text)}`"
