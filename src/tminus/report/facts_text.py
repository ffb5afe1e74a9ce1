"""Facts for a terminal."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date

from tminus.facts import Fact, standing
from tminus.facts.rates import LiveRate
from tminus.facts.verify import Checked, Verdict, page_address
from tminus.report.fact_value import shown_value
from tminus.report.style import Style

_LABEL = 11
_DATE = 10


def facts_list(facts: Sequence[Fact], today: date, style: Style) -> str:
    """One line a fact: id, the day it was read (yellow where it is weak), value, cut to the terminal."""
    names = max((len(fact.id) for fact in facts), default=0)
    room = max(16, style.columns - names - _DATE - 4)
    return "\n".join(
        f"{style.bold(fact.id.ljust(names))}  "
        + (style.yellow if standing(fact, today).weak else style.dim)(str(fact.as_of))
        + f"  {_cut(shown_value(fact), room)}"
        for fact in facts
    )


def fact_page(
    fact: Fact, history: Sequence[Fact], today: date, style: Style, asked: date | None = None
) -> str:
    """Everything about a fact.

    Args:
        fact: The fact, as of the day that was asked for.
        history: All its values, that one among them.
        today: For its age.
        style: Colours.
        asked: The day that was asked for; None for now.
    """
    return "\n".join(_page(fact, history, today, style, asked))


def _page(
    fact: Fact, history: Sequence[Fact], today: date, style: Style, asked: date | None
) -> Iterator[str]:
    first, *rest = _wrapped(f"{fact.id} = {shown_value(fact)}", style, "", "  ")
    yield style.bold(fact.id) + first[len(fact.id) :]
    yield from rest
    if asked is not None and (doubt := _doubt(fact, asked)):
        yield from _entry(f"{asked}", doubt, style, style.yellow)
    yield from _entry("source", fact.source, style)
    yield from _entry("read on", f"{fact.as_of}, {(today - fact.as_of).days} days ago", style)
    yield from _entry("held", _interval(fact), style)
    if fact.note:
        yield from _entry("note", fact.note, style)
    if fact.probe is not None:
        yield from _entry("probe", fact.probe, style)
        if fact.probe_value is not None:
            yield from _entry("", f"which captures {fact.probe_value}", style)
    elif fact.until is None:
        yield from _entry("no probe", fact.why_unprobed, style)
    for other in fact.conflicts:
        yield from _entry(
            "against", f"{other.says}: {other.source}, as of {other.as_of}", style, style.yellow
        )
    stands = standing(fact, today)
    if stands.weak and not fact.conflicts:
        yield from _entry("weak", stands.why, style, style.yellow)
    if len(history) > 1:
        yield "  history"
        # The newest first, as it holds now.
        for one in sorted(history, key=lambda one: (one.until or date.max, one.as_of), reverse=True):
            yield from _wrapped(f"{_interval(one)}: {shown_value(one)}", style, "    ", "      ")
            yield style.dim(f"      {one.citation()}")


def _doubt(fact: Fact, asked: date) -> str:
    """Why the value may not be that of the day; empty where it was seen before and after."""
    if fact.until is not None and fact.as_of < asked:
        return f"last seen on {fact.as_of}, the next value first on {fact.until}: either may have held"
    if asked < fact.as_of and fact.since is None:
        return "nothing is known to have been different; it was read later"
    return ""


def _entry(label: str, text: str, style: Style, mark: Callable[[str], str] | None = None) -> Iterator[str]:
    """A labelled entry, continued under its text."""
    indent = " " * (_LABEL + 2)
    for number, line in enumerate(_wrapped(text, style, indent, indent)):
        start = f"  {(label if number == 0 else '').ljust(_LABEL)}"
        rest = line[len(indent) :]
        yield (start + (mark(rest) if mark else rest)).rstrip()


def _wrapped(text: str, style: Style, indent: str, further: str) -> list[str]:
    return textwrap.wrap(
        text,
        max(40, style.text_columns),
        initial_indent=indent,
        subsequent_indent=further,
        break_long_words=False,
        break_on_hyphens=False,
    )


def verification(checked: Sequence[Checked], style: Style) -> str:
    """What moved, what could not be read, and how many hold."""
    return "\n".join(_verification(checked, style))


def _verification(checked: Sequence[Checked], style: Style) -> Iterator[str]:
    for one in checked:
        if one.verdict is Verdict.MOVED:
            yield f"{style.red('moved')} {style.bold(one.fact.id)}"
            yield from _entry("was", one.old, style)
            yield from _entry("now", "nothing that the probe matches" if one.new is None else one.new, style)
            yield from _entry("page", f"{page_address(one.fact.source)}, read on {one.fact.as_of}", style)
    unreadable = Counter(one.why for one in checked if one.verdict is Verdict.UNREADABLE)
    for why, number in sorted(unreadable.items()):
        yield f"{style.yellow('unreadable')} {why} ({_facts(number)})"
    counts = Counter(one.verdict for one in checked)
    yield (
        f"{_facts(counts[Verdict.HOLDS])} hold{'s' if counts[Verdict.HOLDS] == 1 else ''}, "
        f"{counts[Verdict.MOVED]} moved, "
        f"{counts[Verdict.UNREADABLE]} on pages that could not be read, "
        f"{counts[Verdict.UNPROBED]} without a probe."
    )


def _facts(number: int) -> str:
    return f"{number} fact{'' if number == 1 else 's'}"


def price_list(prices: Sequence[Fact], multipliers: Sequence[Fact], today: date, style: Style) -> str:
    """Bundled prices, an hour, what multiplies them, and how old they are."""
    everything = [*prices, *multipliers]
    names = _name_columns(everything)
    numbers = [_priced(fact, float(fact.value), names) for fact in prices]
    numbers += [f"{fact.id.ljust(names)} {float(fact.value):8.2f} {fact.unit:12}" for fact in multipliers]
    ages = [(today - fact.as_of).days for fact in everything]
    lines = [
        f"{number}  {style.dim(str(fact.as_of))}" for number, fact in zip(numbers, everything, strict=True)
    ]
    lines.append(f"Read {min(ages)} to {max(ages)} days ago; --live asks for those of the workspace.")
    return "\n".join(lines)


def rate_list(rates: Sequence[LiveRate], style: Style) -> str:
    """The service's prices beside the bundled ones."""
    names = _name_columns([rate.documented for rate in rates])
    return "\n".join(_rate(rate, names, style) for rate in rates)


def _rate(rate: LiveRate, names: int, style: Style) -> str:
    bundled = float(rate.documented.value) * 3600
    line = f"{_priced(rate.documented, rate.usd_per_second, names)}  bundled {bundled:8.4f}"
    if not rate.sane:
        return f"{line}  {style.red('not credible: taken for an error, and not used')}"
    return line if abs(rate.ratio - 1) < 0.01 else f"{line}  {style.yellow(f'{rate.ratio - 1:+.0%}')}"


def _name_columns(facts: Sequence[Fact]) -> int:
    return max((len(fact.id) for fact in facts), default=0)


def _priced(price: Fact, usd_per_second: float, names: int) -> str:
    return f"{price.id.ljust(names)} {usd_per_second * 3600:8.4f} {price.unit.replace('s)', 'h)'):12}"


def _interval(fact: Fact) -> str:
    if fact.since is None and fact.until is None:
        return "now; when it began is not known"
    start = "from before" if fact.since is None else f"from {fact.since}"
    return f"{start} until {fact.until}" if fact.until else f"{start} on"


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1].rstrip(" ,") + "…"
