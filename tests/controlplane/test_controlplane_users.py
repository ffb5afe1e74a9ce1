"""Ordinary users: they get the same walls, and none of them can use the control plane of another."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from conftest import running_plane
from ordinary_user import ROOT, ordinary_user

pytestmark = pytest.mark.slow

# Walls, a volume's commits, a cluster's network: what an ordinary user gets by a user namespace.
AGAIN = (
    "test_controlplane_surroundings.py::test_files_environment_and_walls",
    "test_controlplane_volumes.py::test_reload_fails_with_open_files_and_commit_does_not",
    "test_controlplane_clusters.py::test_ranks_meet_and_rank_0_answers",
)


def test_an_ordinary_user_gets_the_same_walls_volumes_and_clusters(isolation):
    if not isolation.walls:
        pytest.skip("bubblewrap does not work here")
    with ordinary_user() as user:
        code = "from tminus.controlplane import Isolation; print(Isolation.detect().user_namespace)"
        found = user.run([sys.executable, "-c", code])
        assert found.returncode == 0, found.stderr
        if found.stdout.strip() != "True":
            pytest.skip("this machine gives user namespaces to root alone")
        tests = [str(Path(__file__).parent / test) for test in AGAIN]
        done = user.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--basetemp={user.home}/tests",
             f"--rootdir={ROOT}", *tests]
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        # None of them was skipped.
        assert re.search(rf"^{len(AGAIN)} passed", done.stdout, re.MULTILINE), done.stdout


def test_another_user_cannot_use_or_look_into_a_control_plane():
    # In a folder that everybody may enter: what keeps the stranger out is the control plane's own doing.
    with ordinary_user() as user, TemporaryDirectory(prefix="tminus-open-") as folder:
        Path(folder).chmod(0o755)
        with running_plane(Path(folder) / "state") as plane:
            state = plane.plane._state
            done = user.run(
                [sys.executable, str(Path(__file__).parent / "stranger.py"), plane.plane.url, state.blobs.url,
                 str(state.settings.state_dir), str(state.settings.socket_dir), str(os.getpid())],
                MODAL_SERVER_URL=plane.plane.url,
            )  # fmt: skip
    assert done.returncode == 0, done.stderr
    outcomes = json.loads(done.stdout)
    assert "token of its own run" in outcomes.pop("guessed token")
    assert not outcomes.pop("empty token").startswith("worked")
    assert "404" in outcomes.pop("get a blob")
    assert {name: outcome.partition(":")[0] for name, outcome in outcomes.items()} == dict.fromkeys(
        ("list state", "read events", "list sockets", "connect to a socket", "read its environment"),
        "PermissionError",
    )
