"""Old and contradicted facts, and what a rule makes of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

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


def findings(folder: Path, script: str, day: date, code: str) -> list[dict[str, Any]]:
    """What ``tminus check`` finds in a script on a day."""
    (folder / "script.py").write_text(script)
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    answer = subprocess.run(
        [sys.executable, "-m", "tminus.cli", "check", "script.py", "--select", code, "--format", "json"],
        cwd=folder,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(int(noon.timestamp()))},
        capture_output=True,
        text=True,
        check=False,
    )
    found: list[dict[str, Any]] = json.loads(answer.stdout)["findings"]
    return found


TOO_LONG = "import modal\napp = modal.App()\n@app.function(timeout=100_000)\ndef f(): ...\n"


def test_an_error_becomes_a_warning_when_its_fact_is_old_and_says_so(tmp_path: Path) -> None:
    fact = Facts.bundled()["function.timeout_max_s"]
    last = fact.as_of + timedelta(days=MAX_AGE_DAYS)
    (fresh,) = findings(tmp_path, TOO_LONG, last, "TM301")
    (old,) = findings(tmp_path, TOO_LONG, last + timedelta(days=1), "TM301")
    assert (fresh["severity"], old["severity"]) == ("error", "warning")
    assert old["message"].startswith(f"{fresh['message']}. The source was read 181 days ago, on {fact.as_of}")
    for finding in (fresh, old):
        assert finding["source"]["value"] == 86400
        assert finding["source"]["url"] == fact.source
        assert finding["source"]["as_of"] == fact.as_of.isoformat()


def test_a_finding_on_a_contradicted_fact_shows_both_sources(tmp_path: Path) -> None:
    too_short = TOO_LONG.replace("100_000", "0")
    (found,) = findings(tmp_path, too_short, TODAY, "TM301")
    assert found["severity"] == "warning"
    assert (found["source"]["value"], found["source"]["as_of"]) == (1, "2026-08-22")
    assert found["source"]["conflicts"] == [
        {
            "says": "a minimum of 10 seconds",
            "url": "https://modal.com/docs/examples/long-training",
            "as_of": "2026-08-22",
        }
    ]
    shown = subprocess.run(
        [sys.executable, "-m", "tminus.cli", "check", "script.py", "--select", "TM301"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    assert "source: https://modal.com/docs/guide/timeouts, as of 2026-08-22" in shown
    assert "against: https://modal.com/docs/examples/long-training, as of 2026-08-22: a minimum" in shown


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
