"""Old and contradicted facts, and what a rule makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tminus.check import Severity
from tminus.check.rule import Report, Rule
from tminus.facts import Conflict, Fact, Facts, standing
from tminus.facts.loader import DATA
from tminus.facts.standing import MAX_AGE_DAYS
from tminus.script import Script, Source, Span

TODAY = date(2026, 11, 24)
FRESH = Fact("limit", 8, "GPUs", "https://example.org/limits", TODAY - timedelta(days=3))
OLD = Fact("limit", 8, "GPUs", "https://example.org/limits", TODAY - timedelta(days=MAX_AGE_DAYS + 1))
CONTRADICTED = Fact(
    "limit",
    8,
    "GPUs",
    "https://example.org/limits",
    TODAY,
    conflicts=(Conflict("16 GPUs", "https://example.org/other", TODAY),),
)


def test_a_fact_is_weak_by_age_or_by_contradiction() -> None:
    assert not standing(FRESH, TODAY).weak
    assert "181 days ago" in standing(OLD, TODAY).why
    assert standing(FRESH, TODAY, max_age_days=2).weak
    assert "https://example.org/other (2026-11-24) says 16 GPUs" in standing(CONTRADICTED, TODAY).why


@pytest.fixture
def facts(monkeypatch: pytest.MonkeyPatch) -> Facts:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp())))
    return Facts.load(DATA)


@pytest.mark.parametrize(
    ("source", "severity", "expected"),
    [
        (FRESH, Severity.ERROR, Severity.ERROR),
        (OLD, Severity.ERROR, Severity.WARNING),
        (CONTRADICTED, Severity.ERROR, Severity.WARNING),
        (OLD, Severity.INFO, Severity.INFO),
        (None, Severity.ERROR, Severity.ERROR),
    ],
)
def test_an_error_does_not_rest_on_a_weak_fact(
    facts: Facts, source: Fact | None, severity: Severity, expected: Severity
) -> None:
    path = Path("script.py")

    def look(script: Script, facts: Facts) -> Iterator[Report]:
        yield Report(Span(path, 1, 0, 1, 1), "Too many GPUs.", source=source)

    script = Script.parse(Source(path, "x = 1\n"))
    (finding,) = Rule("TM000", "too-many", severity, look).check(script, facts)
    assert finding.severity is expected
    weakened = severity is Severity.ERROR and expected is Severity.WARNING
    assert (len(finding.message) > len("Too many GPUs.")) is weakened


def test_the_day_can_be_set_for_reproducible_output(facts: Facts, monkeypatch: pytest.MonkeyPatch) -> None:
    assert facts.today == TODAY
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    assert Facts.load(DATA).today == date.today()


def test_a_fact_with_a_wrong_field_is_refused_by_name(tmp_path: Path) -> None:
    for path in DATA.glob("*.toml"):
        (tmp_path / path.name).write_text(path.read_text())
    extra = tmp_path / "extra.toml"
    extra.write_text('[[fact]]\nid = "a.b"\nvalue = 1\nunit = ""\nsource = "https://x"\nas_of = 2026-01-01\n')
    assert Facts.load(tmp_path)["a.b"].value == 1
    extra.write_text(extra.read_text() + "prob = 'x'\n")
    with pytest.raises(ValueError, match=r"extra\.toml: fact 'a\.b' has unknown fields: prob"):
        Facts.load(tmp_path)
    extra.write_text('[[fact]]\nid = "a.b"\nvalue = 1\n')
    with pytest.raises(ValueError, match="has no unit, source, as_of"):
        Facts.load(tmp_path)
