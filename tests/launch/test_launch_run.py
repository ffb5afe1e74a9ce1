"""Real launches with the real client against the local control plane."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tminus.controlplane import ControlPlane
from tminus.facts import Facts
from tminus.launch.bill import BillError, bill_of
from tminus.launch.gate import examine
from tminus.launch.record import RunRecord
from tminus.script import Script

pytestmark = pytest.mark.slow
SCRIPT = Path(__file__).parent / "scripts" / "counted.py"
TMINUS = [sys.executable, "-c", "from tminus.cli import program; program()"]


class User:
    """Somebody at a terminal, with a data folder and the service's variables."""

    def __init__(self, plane: ControlPlane, home: Path) -> None:
        self.plane = plane
        self.environment = {
            **os.environ,
            **plane.client_environment(),
            "XDG_DATA_HOME": str(home),
            "NO_COLOR": "1",
            "COLUMNS": "200",
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*TMINUS, *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def tminus(self, *arguments: str, code: int = 0) -> str:
        process = self.start(*arguments)
        output, errors = process.communicate(timeout=90)
        assert process.returncode == code, output + errors
        return output if code == 0 else errors

    def run(self) -> dict:
        return json.loads(self.tminus("runs", "show", "last", "--format", "json"))

    def counted(self) -> int:
        state = self.plane.volumes.path("counted-data") / "step"
        return int(state.read_text()) if state.exists() else 0

    def wait_for_log(self, text: str) -> None:
        give_up = time.monotonic() + 60
        while time.monotonic() < give_up:
            if any(e.kind == "log" and text in e.fields["text"] for e in self.plane.events()):
                return
            time.sleep(0.05)
        raise AssertionError(f"nothing printed {text!r}")


@pytest.fixture
def user(tmp_path: Path) -> Iterator[User]:
    with ControlPlane.running(tmp_path / "plane", facts=Facts.bundled()) as plane:
        yield User(plane, tmp_path / "home")


def test_a_run_that_finishes_is_kept_with_what_it_took(user, monkeypatch):
    output = user.tminus("launch", str(SCRIPT), "--yes", "--guard-poll", "0.5", "--", "--steps", "15")
    assert "done: 15" in output
    assert "finished" in output
    record = user.run()
    assert record["status"] == "finished"
    assert (record["last_step"], record["last_loss"]) == (15, round(5 / 15, 4))
    assert record["restarts"] == 0
    assert record["arguments"] == ["--steps", "15"]
    assert record["planned"] is None, "there is no training in it that could be planned"
    # At the price of a T4 with a core and 8 GiB, from its start to the last look.
    assert 0 < record["usd"] <= record["seconds"] * record["usd_per_container_s"] * 1.1
    assert record["id"] in user.tminus("runs")
    # The hour is not over, so there is no bill; after it, the bill is for what the containers requested.
    for name, value in user.environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(BillError, match="billed from"):
        bill_of(RunRecord.from_dict(record))
    bill = bill_of(RunRecord.from_dict(record), datetime.now(UTC) + timedelta(hours=2))
    assert 0 < bill.usd <= record["seconds"] * record["usd_per_container_s"] * 1.1
    assert "starting after step 0" in user.tminus("runs", "logs", "last")


@pytest.mark.fault
def test_the_budget_holds_after_the_terminal_is_gone_and_the_run_can_be_resumed(user):
    facts = Facts.bundled()
    rate = examine(Script.read(SCRIPT), facts).rate
    assert rate is not None
    # Enough for six seconds and for the time to save.
    budget = rate.cost_usd(6.0 + float(facts["function.preemption_grace_s"].value))
    process = user.start(
        "launch", str(SCRIPT), "--yes", "--guard-poll", "0.5", "--budget", str(budget), "--", "--steps", "300"
    )
    user.wait_for_log("starting after step 0")
    # The client that `launch` started has a session of its own; the user's machine goes down with both.
    clients = _clients_of(process.pid)
    process.kill()
    process.communicate()
    for pid in clients:
        os.kill(pid, signal.SIGKILL)
    give_up = time.monotonic() + 60
    while user.counted() == 0 and time.monotonic() < give_up:
        time.sleep(0.1)
    saved = user.counted()
    assert 0 < saved < 300
    record = user.run()
    assert (record["status"], record["reason"]) == ("stopped", "budget")
    assert record["last_step"] is not None
    assert "tminus runs resume" in user.tminus("runs", "show", record["id"][:8])
    resumed = user.tminus("runs", "resume", record["id"], "--yes")
    assert f"starting after step {saved}" in resumed
    assert "done: 300" in resumed
    assert user.run()["resumes"] == record["id"]


@pytest.mark.fault
def test_stopping_a_run_lets_it_save(user):
    user.tminus("launch", str(SCRIPT), "--yes", "--detach", "--", "--steps", "600")
    user.wait_for_log("'step': 5,")
    output = user.tminus("runs", "stop", "last")
    assert "stopped: stopped by its user" in output
    assert 5 <= user.counted() < 600
    assert user.run()["status"] == "stopped"
    again = user.tminus("runs", "stop", "last", code=2)
    assert "there is nothing to stop" in again


def test_without_credentials_nothing_is_started(tmp_path):
    environment = {name: text for name, text in os.environ.items() if not name.startswith("MODAL_")}
    environment |= {"XDG_DATA_HOME": str(tmp_path), "HOME": str(tmp_path), "NO_COLOR": "1"}
    launched = subprocess.run(
        [*TMINUS, "launch", str(SCRIPT), "--yes", "--budget", "5"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert launched.returncode == 2
    assert re.search(r"Modal's client says: .*[Tt]oken", launched.stderr)


def _clients_of(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                status = (entry / "stat").read_text()
            except OSError:
                continue
            if int(status.rpartition(")")[2].split()[1]) == parent:
                found.append(int(entry.name))
    return found
