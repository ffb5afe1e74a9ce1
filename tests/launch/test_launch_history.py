"""Planned against actual, and the bill."""

from __future__ import annotations

import json
import math
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tminus.cli import main
from tminus.launch.bill import BillError, bill_of
from tminus.launch.history import observed, widened
from tminus.launch.record import Planned, RunRecord, RunStatus, RunStore

HOUR = 3600.0
START = datetime(2026, 11, 20, 10, 15, tzinfo=UTC).timestamp()


def _planned(seconds: float = HOUR, usd: float = 10.0) -> Planned:
    return Planned(
        machines="1 × 8 H100", seconds=seconds, seconds_low=0.9 * seconds, seconds_high=1.2 * seconds,
        usd=usd, usd_low=0.9 * usd, usd_high=1.2 * usd, step_s=0.1, steps=20, prices_as_of="2026-11-24",
    )  # fmt: skip


def _run(ratio: float = 1.0, status: RunStatus = RunStatus.FINISHED, **fields) -> RunRecord:
    given = {"planned": _planned(), "seconds": ratio * HOUR, "usd": 10.0 * ratio, **fields}
    return RunRecord(
        id="a",
        created_s=START,
        started_s=START,
        script="/x/train.py",
        function=None,
        arguments=(),
        script_sha256="ab",
        facts_date="2026-11-24",
        service="http://127.0.0.1:1",
        usd_per_container_s=0.01,
        containers=1,
        status=status,
        **given,
    )


def test_only_finished_runs_with_a_plan_say_something():
    assert observed([_run(status=RunStatus.STOPPED), _run(planned=None)]) is None
    seen = observed([_run(1.5), _run(9.0, RunStatus.FAILED)])
    assert seen is not None
    assert (seen.runs, seen.time_low) == (1, None)
    assert seen.time_ratio == pytest.approx(1.5)


def test_the_bill_counts_rather_than_the_clock():
    seen = observed([_run(1.0, billed_usd=20.0)])
    assert seen is not None
    assert seen.usd_ratio == pytest.approx(2.0)


def test_a_plan_holds_what_earlier_runs_took():
    wide = widened(_planned(), observed([_run(1.5)]))
    assert (wide.seconds_low, wide.seconds_high) == (0.9 * HOUR, pytest.approx(1.5 * HOUR))
    assert wide.usd_high == pytest.approx(15.0)
    assert wide.seconds == HOUR, "what is expected stays"
    assert widened(_planned(), None) == _planned()


@given(st.lists(st.floats(0.2, 5.0), min_size=2, max_size=15))
def test_the_interval_holds_the_mean_and_never_shrinks_the_plans(ratios):
    seen = observed([_run(one) for one in ratios])
    assert seen is not None
    assert seen.time_low is not None
    assert seen.time_high is not None
    assert seen.time_low <= seen.time_ratio * (1 + 1e-9)
    assert seen.time_ratio <= seen.time_high * (1 + 1e-9)
    wide = widened(_planned(), seen)
    assert wide.seconds_low <= 0.9 * HOUR
    assert wide.seconds_high >= 1.2 * HOUR


def test_the_interval_is_students():
    # Two runs, ratios 1 and e: the mean of their logarithms is 1/2, their spread 1/sqrt(2).
    seen = observed([_run(1.0), _run(math.e)])
    assert seen is not None
    width = 3.078 * math.sqrt(0.5) * math.sqrt(1.5)
    assert seen.time_high == pytest.approx(math.exp(0.5 + width))


def _client(tmp_path: Path, rows: object, code: int = 0) -> tuple[list[str], Path]:
    """A program that prints what the client would, and keeps how it was called."""
    called, script = tmp_path / "called", tmp_path / "client.py"
    printed = rows if isinstance(rows, str) else json.dumps(rows)
    script.write_text(
        f"import pathlib, sys\npathlib.Path({str(called)!r}).write_text(' '.join(sys.argv[1:]))\n"
        f"print({printed!r}, file=sys.stderr if {code} else sys.stdout)\nsys.exit({code})\n"
    )
    return [sys.executable, str(script)], called


def _over() -> RunRecord:
    return _run(app_id="ap-run", guard_app_id="ap-guard", ended_s=START + 2 * HOUR)


LATER = datetime(2026, 11, 21, tzinfo=UTC)


def test_the_bill_is_that_of_the_run_and_its_guard_over_whole_hours(tmp_path):
    rows = [
        {"Object ID": "ap-run", "Cost": "1.25"},
        {"object_id": "ap-run", "cost": "2.5"},
        {"Object ID": "ap-guard", "Cost": "0.01"},
        {"Object ID": "ap-other", "Cost": "99"},
    ]
    client, called = _client(tmp_path, rows)
    assert bill_of(_over(), LATER, client).usd == pytest.approx(3.76)
    assert "--start 2026-11-20T10:00:00+00:00 --end 2026-11-20T13:00:00+00:00" in called.read_text()


def test_an_hour_that_still_runs_has_no_bill(tmp_path):
    client, called = _client(tmp_path, [])
    now = datetime(2026, 11, 20, 12, 59, tzinfo=UTC)
    with pytest.raises(BillError, match="billed from 13:00 UTC on"):
        bill_of(_over(), now, client)
    assert not called.exists()


@pytest.mark.parametrize(
    ("rows", "code", "words"),
    [
        ("Token missing", 1, "says: Token missing"),
        ("nothing", 0, "no table of costs"),
        ([{"Object ID": "ap-run"}], 0, "no table of costs"),
    ],
)
def test_why_there_is_no_bill_is_said(tmp_path, rows, code, words):
    client, _ = _client(tmp_path, rows, code)
    with pytest.raises(BillError, match=words):
        bill_of(_over(), LATER, client)


def test_a_plan_tells_what_this_users_runs_took(tmp_path, monkeypatch, capsys):
    script = Path(__file__).parents[2] / "examples" / "finetune_llama.py"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert main(["plan", str(script)]) == 0
    assert "finished run" not in capsys.readouterr().out
    assert not (tmp_path / "tminus").exists(), "looking makes no folder"
    RunStore().save(_run(1.5))
    assert main(["plan", str(script)]) == 0
    told = capsys.readouterr().out
    assert "Your 1 finished run took 1.50 × the planned time" in told
    assert "With them 1 × 8 H100 would take" in told
    assert main(["plan", str(script), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["earlier_runs"]["runs"] == 1
