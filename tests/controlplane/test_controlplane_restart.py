"""What a control plane leaves in its folder, the next one takes up."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from conftest import SCRIPTS, running_plane

pytestmark = pytest.mark.slow
VALUE = "named-secret-value"


def _modal(plane, *arguments: str, **environment: str) -> str:
    done = subprocess.run(
        plane.command(*arguments),
        env={**plane.environment(), **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _call(plane, word: str) -> str:
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / "by_name.py"), word],
        env=plane.environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_deployed_apps_secrets_volumes_and_output_survive(tmp_path):
    with running_plane(tmp_path) as plane:
        _modal(plane, "secret", "create", "named", f"NAMED={VALUE}")
        _modal(plane, "deploy", str(SCRIPTS / "deployed.py"))
        assert "note: ['one', 'named', 'plain-value', 'first', 'True']\nplus: 42" in _call(plane, "one")
        plane.run("hello.py")
    with running_plane(tmp_path) as plane:
        assert "note: ['one', 'two', 'named', 'plain-value', 'first', 'True']" in _call(plane, "two")
        logs = _modal(plane, "app", "logs", "deployed")
        assert "noting one" in logs
        assert "noting two" in logs
        # A new deployment keeps the functions' ids and takes their place.
        _modal(plane, "deploy", str(SCRIPTS / "deployed.py"), ANSWER="second")
        assert "note: ['one', 'two', 'three', 'named', 'plain-value', 'second', 'True']" in _call(
            plane, "three"
        )
    with running_plane(tmp_path) as plane:
        assert "'second'" in _call(plane, "four")
        _modal(plane, "app", "stop", "deployed", "--yes")
    with running_plane(tmp_path) as plane:
        with pytest.raises(AssertionError, match="not found"):
            _call(plane, "five")
        assert "noting four" in _modal(plane, "app", "logs", "deployed")
    for path in tmp_path.rglob("*"):
        if path.is_file() and path.parent.name != "secrets":
            assert VALUE.encode() not in path.read_bytes(), path


def test_a_redeployed_function_finishes_what_it_works_on(tmp_path):
    """A call that began before a deployment ends with the code that it began with."""
    caller = (
        "import modal; call = modal.Function.from_name('rolling', 'wait').spawn();"
        "print('spawned', flush=True); print('result:', call.get())"
    )
    with running_plane(tmp_path) as plane:
        _modal(plane, "deploy", str(SCRIPTS / "rolling.py"), ANSWER="old")
        process = subprocess.Popen(
            [sys.executable, "-c", caller], env=plane.environment(), stdout=subprocess.PIPE, text=True
        )
        plane.wait_for_log("waiting")
        _modal(plane, "deploy", str(SCRIPTS / "rolling.py"), ANSWER="new")
        fresh = subprocess.run(
            [
                sys.executable,
                "-c",
                "import modal; print(modal.Function.from_name('rolling', 'say').remote())",
            ],
            env={**os.environ, **plane.environment()},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert fresh.stdout == "new\n", fresh.stderr
        output, _ = process.communicate(timeout=30)
        assert "result: old" in output
