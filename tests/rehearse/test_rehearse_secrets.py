"""A planted secret is in nothing that a rehearsal or a local service leaves behind, but in its own file."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "scripts" / "careless.py"
KEY = "key-that-only-its-owner-knows"
TOKEN = "hf_thatOnlyItsOwnerKnows"

pytestmark = pytest.mark.slow


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Of a user whose home, and temporary files, are in the test's folder, and who has secrets."""
    for name in ("home", "tmp", "cache", "data"):
        (tmp_path / name).mkdir()
    return {
        **os.environ,
        "HOME": str(tmp_path / "home"),
        "TMPDIR": str(tmp_path / "tmp"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "PLANTED_KEY": KEY,
        "HF_TOKEN": TOKEN,
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def holding(folder: Path) -> Iterator[Path]:
    """Files below a folder that hold one of the values."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            data = path.read_bytes()
            if KEY.encode() in data or TOKEN.encode() in data:
                yield path


def run_watched(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command, and look at the command lines of all processes meanwhile: everybody can read those."""
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    while process.poll() is None:
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                assert KEY.encode() not in path.read_bytes(), path
            except OSError:
                continue
        time.sleep(0.1)
    output, _ = process.communicate()
    return subprocess.CompletedProcess(command, process.returncode, output)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_rehearsal_leaves_no_secret_behind(environment: dict[str, str], tmp_path: Path) -> None:
    record = tmp_path / "record"
    command = [sys.executable, "-m", "tminus", "rehearse", str(SCRIPT), "--output", str(record), "--keep"]
    done = run_watched(command, environment)
    assert done.returncode == 1
    # The script did run to where it shows them, in both places.
    log = (record / "client.log").read_text()
    assert "here: [secret]" in log
    assert "no access with [secret] and stand-in-for-HF_TOKEN" in log
    assert "value: [secret]" in (record / "events.jsonl").read_text()
    assert KEY not in done.stdout
    assert TOKEN not in done.stdout
    assert list(holding(tmp_path)) == []
    assert mode(record) == 0o700
    for name in ("client.log", "events.jsonl"):
        assert mode(record / name) == 0o600


def test_a_local_service_keeps_a_secret_in_its_own_file_alone(
    environment: dict[str, str], tmp_path: Path
) -> None:
    def tminus(*arguments: str) -> str:
        command = [sys.executable, "-m", "tminus", "local", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def modal(*arguments: str, code: int = 0) -> str:
        command = [sys.executable, "-m", "modal", *arguments]
        done = subprocess.run(command, env=shell, capture_output=True, text=True, cwd=tmp_path / "home")
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    tminus("up")
    try:
        shell = {**environment, **json.loads(tminus("env", "--format", "json"))}
        modal("secret", "create", "huggingface-secret", f"HF_TOKEN={TOKEN}")
        modal("run", str(SCRIPT), code=1)
        modal("deploy", str(SCRIPT))
        logs = tminus("logs", "-n", "1000")
        assert "value: [secret]" in logs
        assert KEY not in logs
        assert TOKEN not in logs
    finally:
        tminus("down")
    state = tmp_path / "data" / "tminus" / "local"
    found = list(holding(tmp_path))
    # The one that was created, and the one that the deployed function has.
    assert {path.parent for path in found} == {state / "secrets"}
    assert len(found) == 2
    assert {mode(path) for path in found} == {0o600}
    assert mode(state) == mode(state / "secrets") == 0o700
