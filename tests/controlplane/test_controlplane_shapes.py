"""Shapes of apps beside a single call."""

from __future__ import annotations

import subprocess
import sys

import pytest
from conftest import SCRIPTS

pytestmark = pytest.mark.slow


def test_classes_with_parameters_and_hooks(shared_plane):
    code, output = shared_plane.run("shapes.py::cls")
    assert code == 0, output
    assert "result: 11 32" in output
    for line in ("enter 1", "enter 3", "exit 1", "exit 3"):
        assert line in output


def test_map_over_two_containers(shared_plane):
    code, output = shared_plane.run("shapes.py::many")
    assert code == 0, output
    assert f"result: {sum(x * x for x in range(40))}" in output
    squares = [c for c in shared_plane.plane.containers() if c.function == "square"]
    assert len(squares) == 2


def test_spawn_generators_blobs_single_use_and_nested_calls(shared_plane):
    code, output = shared_plane.run("shapes.py::rest")
    assert code == 0, output
    for line in (
        "spawned: 49",
        "numbers: [0, 1, 2, 3, 4]",
        "bytes: 5000001",
        "once: True",
        "outer: 17",
        "naps: [0, 1, 2, 3]",
    ):
        assert line in output
    containers = shared_plane.plane.containers()
    assert sum(c.function == "once" for c in containers) == 2
    assert sum(c.function == "nap" for c in containers) == 1


def test_a_detached_app_outlives_its_client_until_its_work_is_done(shared_plane):
    code, output = shared_plane.run("shapes.py::background", flags=("--detach",))
    assert code == 0, output
    finished = [e for e in shared_plane.events("input_finished") if e.fields["function"] == "nap"]
    assert finished[-1].fields["status"] == "success"
    shared_plane.wait_for(lambda: all(c.state == "exited" for c in shared_plane.plane.containers()))


def test_a_deployed_app_is_found_by_name(shared_plane):
    deploy = subprocess.run(
        shared_plane.command("deploy", str(SCRIPTS / "hello.py")),
        env=shared_plane.environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert deploy.returncode == 0, deploy.stdout + deploy.stderr
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / "caller.py")],
        env=shared_plane.environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "result: hello from afar" in done.stdout, done.stderr
