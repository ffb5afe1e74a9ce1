"""`--python`: another environment's client and packages."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import modal
import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(__file__).parent / "scripts"
OLDER = "1.4.3"
PYTHON = ROOT / ".venv-modal" / OLDER / "bin" / "python"

pytestmark = pytest.mark.slow
needs_older = pytest.mark.skipif(
    not PYTHON.exists(), reason=f"no environment with modal {OLDER}; `make clients` makes it"
)


def tminus(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tminus", *map(str, arguments)]
    return subprocess.run(
        command, env={**os.environ, **variables}, capture_output=True, text=True, timeout=280, check=False
    )


def lists_of(record: Path) -> dict[str, str]:
    document = json.loads((record / "rehearsal.json").read_text())
    return {name: "\n".join(document[name]) for name in ("proven", "not_proven", "unknown")}


@needs_older
def test_a_rehearsal_with_another_environments_client(tmp_path: Path) -> None:
    done = tminus(
        "rehearse", SCRIPTS / "which_client.py", "--output", tmp_path / "record", "--python", PYTHON
    )
    # It trains nothing: that is said, and no error.
    assert "INCONCLUSIVE" in done.stdout, done.stderr
    assert f"here {OLDER}, there {OLDER}" in (tmp_path / "record" / "client.log").read_text()
    assert f"modal {OLDER} got an answer to all its calls" in lists_of(tmp_path / "record")["proven"]


@needs_older
def test_a_local_service_with_another_environments_containers(tmp_path: Path) -> None:
    state = ("--state", tmp_path / "state")
    up = tminus("local", "up", *state, "--python", PYTHON)
    assert up.returncode == 0, up.stderr
    try:
        variables = json.loads(tminus("local", "env", "--format", "json", *state).stdout)
        done = subprocess.run(
            [sys.executable, "-m", "modal", "run", str(SCRIPTS / "which_client.py")],
            env={**os.environ, **variables}, capture_output=True, text=True,
        )  # fmt: skip
    finally:
        tminus("local", "down", *state)
    assert f"here {modal.__version__}, there {OLDER}" in done.stdout, done.stdout + done.stderr


def test_an_interpreter_without_the_client_is_refused_with_what_to_do(tmp_path: Path) -> None:
    python = tmp_path / "empty" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "empty"], check=True)
    done = tminus("rehearse", SCRIPTS / "which_client.py", "--python", python)
    assert done.returncode == 2
    assert f"--python {python}: " in done.stderr
    assert f"{python} -m pip install modal" in done.stderr


def test_an_interpreter_that_does_not_run_is_refused(tmp_path: Path) -> None:
    done = tminus("local", "up", "--state", tmp_path / "state", "--python", "/bin/false")
    assert done.returncode == 2
    assert "--python /bin/false: /bin/false does not run" in done.stderr
