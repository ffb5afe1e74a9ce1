"""Facts as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from tminus.facts import Fact, standing
from tminus.facts.rates import LiveRate
from tminus.facts.verify import Checked, Verdict


def fact_json(fact: Fact, today: date) -> dict[str, Any]:
    """A fact with its age and standing."""
    stands = standing(fact, today)
    return {
        "id": fact.id,
        "value": fact.value,
        "unit": fact.unit,
        "source": fact.source,
        "as_of": fact.as_of.isoformat(),
        "age_days": (today - fact.as_of).days,
        "since": fact.since.isoformat() if fact.since else None,
        "until": fact.until.isoformat() if fact.until else None,
        "probe": fact.probe,
        "probe_value": fact.probe_value,
        "no_probe": fact.why_unprobed,
        "note": fact.note,
        "conflicts": [
            {"says": one.says, "source": one.source, "as_of": one.as_of.isoformat()} for one in fact.conflicts
        ],
        "weak": stands.weak,
        "why": stands.why,
    }


def verification_json(checked: Sequence[Checked]) -> dict[str, Any]:
    """The document that ``tminus facts verify --format json`` prints."""
    return {
        "facts": [
            {
                "id": one.fact.id,
                "verdict": one.verdict.value,
                "source": one.fact.source,
                "as_of": one.fact.as_of.isoformat(),
                "old": one.old,
                "new": one.new,
                "why": one.why,
            }
            for one in checked
        ],
        "summary": {verdict.value: sum(one.verdict is verdict for one in checked) for verdict in Verdict},
    }


def rates_json(rates: Sequence[LiveRate]) -> dict[str, Any]:
    """The service's prices beside the bundled ones, in US dollars a second."""
    return {
        "rates": [
            {
                "id": rate.documented.id,
                "name": rate.name,
                "usd_per_second": rate.usd_per_second,
                "bundled_usd_per_second": rate.documented.value,
                "bundled_as_of": rate.documented.as_of.isoformat(),
                "sane": rate.sane,
            }
            for rate in rates
        ]
    }
