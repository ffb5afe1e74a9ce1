"""Preemption and loss: what survives, and what runs again."""

from __future__ import annotations

import random
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.fault]


def _files(plane) -> set[str]:
    return {path.name for path in plane.plane.volumes.path("test-data").iterdir()}


def test_a_preempted_input_runs_again_and_uses_no_retry(plane):
    process = plane.start("volume.py::main", "--wait-s", "30")
    first = plane.wait_for_log("written").task_id
    plane.plane.preempt(first)
    output, _ = process.communicate(timeout=40)
    assert process.returncode == 0, output
    # The client commits on its way out: a preemption in good order keeps even what was not committed.
    assert "result: committed.txt,uncommitted.txt" in output
    [signalled] = plane.events("preemption_signalled")
    assert signalled.task_id == first
    started = plane.events("input_started")
    assert len({e.fields["input_id"] for e in started}) == 1
    assert [e.fields["retries_used"] for e in started] == [0, 0]
    assert len({e.task_id for e in started}) == 2
    exited = next(e for e in plane.events("container_exited") if e.task_id == first)
    assert exited.time_s <= started[1].time_s, "the input ran again before its container was gone"
    assert exited.fields["interrupted"] == "preempted"
    commits = [e.fields["occasion"] for e in plane.events("volume_committed")]
    assert commits == ["explicit", "exit"]


def test_after_a_kill_only_what_was_committed_survives(plane):
    process = plane.start("volume.py::main", "--wait-s", "30")
    first = plane.wait_for_log("written").task_id
    plane.plane.kill(first)
    output, _ = process.communicate(timeout=40)
    assert process.returncode == 0, output
    assert re.search(r"result: committed\.txt$", output, re.MULTILINE), output
    exited = next(e for e in plane.events("container_exited") if e.task_id == first)
    assert exited.fields["signal"] == 9
    assert _files(plane) == {"committed.txt"}


def test_who_ignores_the_signal_is_killed_after_the_grace_period(plane):
    process = plane.start("stubborn.py")
    first = plane.wait_for_log("deaf").task_id
    plane.plane.preempt(first, grace_s=1.0)
    output, _ = process.communicate(timeout=40)
    assert process.returncode == 0, output
    assert "result: second" in output
    [killed] = plane.events("container_killed")
    [signalled] = plane.events("preemption_signalled")
    assert 0.9 < killed.time_s - signalled.time_s < 3


def test_a_killed_control_plane_leaves_no_container_behind(tmp_path):
    """The plane runs in a process of its own, which dies without a word while a cluster works."""
    code = (
        "import sys; sys.path[:0] = sys.argv[1:2]\n"
        "from pathlib import Path\n"
        "from conftest import running_plane\n"
        "with running_plane(Path(sys.argv[2])) as plane:\n"
        "    process = plane.start('stubborn.py')\n"
        "    print(plane.wait_for_log('deaf').task_id, flush=True)\n"
        "    input()\n"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", code, str(Path(__file__).parent), str(tmp_path / "state")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    task_id = owner.stdout.readline().strip()
    assert _processes_of(task_id)
    owner.kill()
    owner.wait()
    deadline = time.monotonic() + 10
    while (left := _processes_of(task_id)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left == []


def _processes_of(task_id: str) -> list[str]:
    """Live processes that have the container's id in their environment or command line."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
                text = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
            except OSError:
                continue
            if state != "Z" and task_id.encode() in text:
                found.append(folder.name)
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_no_input_is_lost_whatever_is_taken_away(plane, seed):
    chance = random.Random(seed)
    process = plane.start("lottery.py")
    taken = []

    def take_away() -> None:
        while process.poll() is None and len(taken) < 8:
            time.sleep(chance.uniform(0.05, 0.5))
            live = [c for c in plane.plane.containers() if c.state != "exited"]
            if live:
                victim = chance.choice(live).task_id
                chance.choice([plane.plane.preempt, plane.plane.kill])(victim)
                taken.append(victim)

    taker = threading.Thread(target=take_away)
    taker.start()
    output, _ = process.communicate(timeout=60)
    taker.join()
    assert process.returncode == 0, output
    assert f"result: {sum(x * x for x in range(60))}" in output
    assert len(taken) == 8
    assert not plane.events("input_retried")
