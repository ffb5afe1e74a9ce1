"""Older releases of the real client, each in an environment of its own, containers included."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from client import Commands
from conftest import SCRIPTS, Plane, running_plane

from tminus.controlplane import Interpreter

ROOT = Path(__file__).parents[2]
RECORD = Path(__file__).parent / "versions.json"
# The environments that the Makefile makes, beside the one of the tests.
OLDER = re.findall(r"^MODAL_VERSIONS := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[0].split()

# What versions.py prints of each feature.
IN_SCRIPT = {
    "`.remote`": 8,
    "`.map`": [0, 2, 4, 6],
    "`.spawn`": 10,
    "classes": 16,
    "generators": [0, 1, 2],
    "secrets": "value-one",
    "the same release in the container": True,
    "retries": 3,
    "volumes v1 and v2: commit, reload": ["first"] * 4 + ["later"] * 2,
    "queues": "item",
    "dicts": 3,
    "clusters": [0, 2],
}


@pytest.fixture(params=[*OLDER, "newest"])
def driven(request, tmp_path) -> Iterator[tuple[Plane, Commands]]:
    """A control plane whose containers have the same client as the user's commands."""
    python = Path(sys.executable)
    if request.param != "newest":
        python = ROOT / ".venv-modal" / request.param / "bin" / "python"
        if not python.exists():
            pytest.skip(f"no environment with modal {request.param}; `make clients` makes it")
    interpreter = Interpreter.at(python)
    assert request.param in ("newest", interpreter.client)
    with (
        running_plane(tmp_path / "state", interpreter=interpreter) as plane,
        closing(Commands(plane, python)) as modal,
    ):
        yield plane, modal


@pytest.mark.slow
def test_a_release_drives_what_the_record_says(driven, tmp_path, isolation):
    plane, modal = driven
    version = re.search(r"[\d.]+", modal("--version"))[0]
    done = [*script_features(modal, isolation.cluster_network), *command_features(modal, tmp_path)]
    # What scripts/client_versions.py makes the record of.
    (tmp_path / "features.json").write_text(json.dumps({version: done}))
    assert plane.events("call_unserved") == []
    recorded = [name for name, versions in json.loads(RECORD.read_text()).items() if version in versions]
    assert [name for name in recorded if isolation.cluster_network or name != "clusters"] == done


def script_features(modal: Commands, with_clusters: bool) -> list[str]:
    modal("secret", "create", "named", "NAMED=value-one")
    cluster = "--cluster" if with_clusters else "--no-cluster"
    output = modal("run", str(SCRIPTS / "versions.py"), cluster)
    seen = dict(json.loads(line) for line in re.findall(r"^feature (.*)$", output, re.MULTILINE))
    wanted = {name: value for name, value in IN_SCRIPT.items() if with_clusters or name != "clusters"}
    assert seen == wanted, output
    return list(seen)


def command_features(modal: Commands, folder: Path) -> Iterator[str]:
    (folder / "sent.txt").write_text("over there")
    for version in ("1", "2"):
        name = f"files-{version}"
        modal("volume", "create", name, f"--version={version}")
        modal("volume", "put", name, str(folder / "sent.txt"), "/a/sent.txt")
        assert "a/sent.txt" in modal("volume", "ls", name, "/a", "--json")
        modal("volume", "get", name, "a/sent.txt", str(folder / f"back-{version}.txt"))
        assert (folder / f"back-{version}.txt").read_text() == "over there"
        modal("volume", "rm", name, "a/sent.txt")
        assert "a/sent.txt" not in modal("volume", "ls", name, "/", "--json")
    yield "`modal volume create`, `put`, `ls`, `get`, `rm`; v1 and v2"
    assert "named" in modal("secret", "list")
    yield "`modal secret create`, `list`"
    modal("deploy", str(SCRIPTS / "hello.py"))
    [app_id] = deployed(modal)
    yield "`modal deploy`"
    # Releases that ask first have the flag.
    modal("app", "stop", app_id, *(["--yes"] if "--yes" in modal("app", "stop", "--help") else []))
    assert deployed(modal) == []
    yield "`modal app list`, `stop`"


def deployed(modal: Commands) -> list[str]:
    """Ids of deployed apps; the names of columns differ between releases, their contents do not."""
    rows = [list(row.values()) for row in json.loads(modal("app", "list", "--json"))]
    return [next(v for v in row if str(v).startswith("ap-")) for row in rows if "deployed" in row]


def test_the_table_is_what_was_recorded():
    script = ROOT / "scripts" / "client_versions.py"
    done = subprocess.run([sys.executable, str(script), "--check"], check=False)
    assert done.returncode == 0, "run scripts/client_versions.py"
