"""What `modal billing report` says of what ran."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from tminus.facts import Facts

pytestmark = pytest.mark.slow


def _report(plane, *arguments: str) -> list[dict]:
    done = subprocess.run(
        plane.command("billing", "report", "--json", *arguments),
        env=plane.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_containers_are_billed_by_what_they_request_and_how_long_they_ran(plane):
    code, output = plane.run("hello.py")
    assert code == 0, output
    now = datetime.now(UTC)
    hours = (
        "--start",
        (now - timedelta(hours=1)).isoformat(),
        "--end",
        (now + timedelta(hours=2)).isoformat(),
    )
    rows = _report(plane, "-r", "h", *hours, "--show-resources")
    assert {row["resource"] for row in rows} == {"CPU", "Memory"}
    facts = Facts.bundled()
    ran = sum(one.ended_s - one.started_s for one in plane.plane.containers())
    cores = float(facts["function.cpu_default_cores"].value)
    expected = ran * cores * float(facts["price.cpu_usd_per_core_second"].value)
    cost = sum(float(row["cost"]) for row in rows if row["resource"] == "CPU")
    assert cost == pytest.approx(expected, abs=1e-7)
    # A day that is not over is in no report.
    assert _report(plane, "-r", "d", "--start", now.date().isoformat()) == []
