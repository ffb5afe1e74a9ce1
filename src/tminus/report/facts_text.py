"""Facts for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from tminus.facts import Fact, standing
from tminus.facts.rates import LiveRate
from tminus.facts.verify import Checked, Verdict
from tminus.report.fact_value import shown_value
from tminus.report.style import Style


def facts_list(facts: Sequence[Fact], style: Style) -> str:
    """One line a fact: id, value, date."""
    width = max((len(fact.id) for fact in facts), default=0)
    return "\n".join(
        f"{style.bold(fact.id.ljust(width))}  {shown_value(fact)}  {style.dim(f'({fact.as_of})')}"
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
    age = (today - fact.as_of).days
    yield f"{style.bold(fact.id)} = {shown_value(fact)}"
    if asked is not None and asked < fact.as_of and fact.since is None:
        yield f"  {style.yellow(f'on {asked}: nothing is known to have been different; it was read later')}"
    yield f"  source   {fact.source}"
    yield f"  read on  {fact.as_of}, {age} days ago"
    yield f"  held     {_interval(fact)}"
    if fact.probe is not None:
        yield f"  probe    {fact.probe}"
    if fact.note:
        yield f"  note     {fact.note}"
    for other in fact.conflicts:
        yield style.yellow(f"  against  {other.source} ({other.as_of}): {other.says}")
    stands = standing(fact, today)
    if stands.weak:
        yield style.yellow(f"  weak     {stands.why}")
    if len(history) > 1:
        yield "  history"
        for one in sorted(history, key=lambda one: (one.until or date.max, one.as_of)):
            yield f"    {_interval(one)}: {shown_value(one)}  {style.dim(one.citation())}"


def verification(checked: Sequence[Checked], style: Style) -> str:
    """What moved, what could not be read, and how many hold."""
    return "\n".join(_verification(checked, style))


def _verification(checked: Sequence[Checked], style: Style) -> Iterator[str]:
    for one in checked:
        if one.verdict is Verdict.MOVED:
            new = "nothing that matches" if one.new is None else one.new
            name, page = style.bold(one.fact.id), style.dim(one.fact.source)
            yield f"{style.red('moved')} {name}: was {one.old}, now {new}  {page}"
    for why in sorted({one.why for one in checked if one.verdict is Verdict.UNREADABLE}):
        yield f"{style.yellow('unreadable')} {why}"
    counts = {verdict: sum(one.verdict is verdict for one in checked) for verdict in Verdict}
    yield (
        f"{counts[Verdict.HOLDS]} facts hold, {counts[Verdict.MOVED]} moved, "
        f"{counts[Verdict.UNREADABLE]} on pages that could not be read, "
        f"{counts[Verdict.UNPROBED]} without a probe."
    )


def price_list(prices: Sequence[Fact], today: date) -> str:
    """Bundled prices, an hour, with their age."""
    return "\n".join(
        f"{_priced(fact, float(fact.value))}  as of {fact.as_of}, {(today - fact.as_of).days} days old"
        for fact in prices
    )


def rate_list(rates: Sequence[LiveRate], style: Style) -> str:
    """The service's prices beside the bundled ones."""
    return "\n".join(_rate(rate, style) for rate in rates)


def _rate(rate: LiveRate, style: Style) -> str:
    bundled = float(rate.documented.value) * 3600
    line = f"{_priced(rate.documented, rate.usd_per_second)}  bundled {bundled:8.4f}"
    if not rate.sane:
        return f"{line}  {style.red('not credible: taken for an error, and not used')}"
    return line if abs(rate.ratio - 1) < 0.01 else f"{line}  {style.yellow(f'{rate.ratio - 1:+.0%}')}"


def _priced(price: Fact, usd_per_second: float) -> str:
    return f"{price.id.ljust(34)} {usd_per_second * 3600:8.4f} {price.unit.replace('s)', 'h)')}"


def _interval(fact: Fact) -> str:
    if fact.since is None and fact.until is None:
        return "when it began is not known"
    start = "from before" if fact.since is None else f"from {fact.since}"
    return f"{start} until {fact.until}" if fact.until else f"{start} on"
