"""Findings as JSON, and back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from tminus.check.finding import Finding, Fix, Safety, Severity
from tminus.check.places import Place
from tminus.facts import Fact
from tminus.script import Edit, Span

_DAYS = ("as_of", "since", "until")


def as_json(findings: Sequence[Finding], places: Sequence[Place]) -> str | None:
    """Findings and their places as JSON; None where they would not come back as they are."""
    pairs = [
        [_written(finding), place.symbol, place.text] for finding, place in zip(findings, places, strict=True)
    ]
    try:
        text = json.dumps(pairs, ensure_ascii=False, default=_day_as_text)
    except TypeError:
        return None
    return text if of_json(text) == (tuple(findings), tuple(places)) else None


def of_json(text: str) -> tuple[tuple[Finding, ...], tuple[Place, ...]]:
    """The findings and places that `as_json` wrote.

    Raises:
        ValueError: It did not write that.
    """
    try:
        pairs = [(_read(finding), symbol, words) for finding, symbol, words in json.loads(text)]
    except (KeyError, TypeError) as error:
        raise ValueError(f"no findings: {error}") from error
    places = (Place(finding.code, finding.span.path, symbol, words) for finding, symbol, words in pairs)
    return tuple(finding for finding, _, _ in pairs), tuple(places)


def _written(finding: Finding) -> dict[str, Any]:
    fix = None
    if finding.fix is not None:
        edits = [[_span_written(edit.span), edit.replacement] for edit in finding.fix.edits]
        fix = [finding.fix.title, edits, finding.fix.safety.value]
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity.value,
        "span": _span_written(finding.span),
        "message": finding.message,
        "source": asdict(finding.source) if finding.source is not None else None,
        "fix": fix,
        "advice": finding.advice,
    }


def _read(entry: dict[str, Any]) -> Finding:
    fix, source = entry["fix"], entry["source"]
    if fix is not None:
        title, edits, safety = fix
        fix = Fix(title, tuple(Edit(_span_read(span), text) for span, text in edits), Safety(safety))
    if source is not None:
        for one in (source, *source["conflicts"]):
            for key in _DAYS:
                if one.get(key) is not None:
                    one[key] = date.fromisoformat(one[key])
        source = Fact.read(source)
    known = {"severity": Severity(entry["severity"]), "span": _span_read(entry["span"])}
    return Finding(**{**entry, **known, "fix": fix, "source": source})


def _span_written(span: Span) -> list[Any]:
    return [str(span.path), span.line, span.column, span.end_line, span.end_column]


def _span_read(parts: list[Any]) -> Span:
    path, *numbers = parts
    return Span(Path(path), *numbers)


def _day_as_text(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{value!r} cannot be kept")
