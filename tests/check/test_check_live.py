"""Looking up what a script names, with the real client against the control plane."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tminus.check import Severity, check
from tminus.check.live import LiveError, Workspace, missing_in, read_workspace, with_live
from tminus.controlplane.plane import ControlPlane
from tminus.facts import Facts
from tminus.script import Script, Source

FACTS = Facts.bundled()
SCRIPT = """\
import modal

app = modal.App("train")
there = modal.Volume.from_name("there")
made = modal.Volume.from_name("made", create_if_missing=True)
gone = modal.Volume.from_name("gone")
hub = modal.Secret.from_name("hub")
none = modal.Secret.from_name("none")
other = modal.Volume.from_name("other", environment_name="nowhere")
"""


@pytest.fixture(autouse=True)
def _ask_again() -> None:
    read_workspace.cache_clear()


def script() -> Script:
    return Script.parse(Source(Path("train.py"), SCRIPT))


def test_what_the_workspace_lacks_is_an_error_and_what_it_has_is_nothing() -> None:
    workspace = Workspace(None, frozenset({"there"}), frozenset({"hub"}), frozenset({"main"}))
    found = [(one.code, one.span.line) for one in missing_in(workspace, script(), FACTS)]
    assert found == [("TM403", 6), ("TM503", 8), ("TM403", 9)]
    before = [one.span.line for one in check(script(), FACTS) if one.code == "TM403"]
    assert before == [4, 6, 9]
    after = with_live(check(script(), FACTS), workspace, script(), FACTS)
    assert [one.span.line for one in after if one.code == "TM403"] == [6, 9]


def test_what_another_environment_holds_stays_a_supposition() -> None:
    workspace = Workspace("main", frozenset({"there"}), frozenset(), frozenset({"main", "nowhere"}))
    after = with_live(check(script(), FACTS), workspace, script(), FACTS)
    other = [one for one in after if one.span.line == 9]
    assert [one.code for one in other] == ["TM403"]
    assert other[0].severity is not Severity.ERROR


@pytest.mark.slow
def test_names_are_read_through_the_real_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ControlPlane.running(tmp_path / "state", facts=FACTS) as plane:
        environment = {**os.environ, **plane.client_environment()}
        create = [sys.executable, "-m", "modal", "volume", "create", "there"]
        subprocess.run(create, env=environment, check=True, capture_output=True)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        workspace = read_workspace()
    assert "there" in workspace.volumes
    assert workspace.environments
    assert json.dumps(sorted(workspace.secrets)) == "[]"


def test_no_credentials_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MODAL_CONFIG_PATH", str(tmp_path / "none.toml"))
    for name in ("MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET", "MODAL_SERVER_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(LiveError, match="modal volume list failed"):
        read_workspace()
