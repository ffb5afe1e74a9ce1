"""What a container sees of the script's files, of its image, and of this machine."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from conftest import SCRIPTS, running_plane

from tminus.controlplane import Bind
from tminus.controlplane.sandbox import Interpreter

pytestmark = pytest.mark.slow


def _result(output: str) -> dict:
    line = next(line for line in output.splitlines() if line.startswith("result: "))
    return json.loads(line.removeprefix("result: "))


def below(folder: str) -> set[str]:
    """Names in a folder of the machine that lead to the interpreter."""
    inside = [path for path in Interpreter.own().folders if path.is_relative_to(folder)]
    return {path.relative_to(folder).parts[0] for path in inside if path != Path(folder)}


def test_files_environment_and_walls(tmp_path, isolation):
    if isolation.mode != "bubblewrap":
        pytest.skip("bubblewrap does not work here")
    extra = tmp_path / "extra"
    extra.mkdir()
    (extra / "mark.txt").write_text("seen")
    with running_plane(
        tmp_path / "state",
        container_binds=[Bind(extra, Path("/mnt/extra"))],
        container_env={"FROM_ENV": "overridden"},
    ) as plane:
        code, output = plane.run("surroundings.py", "--home", str(Path(__file__).parent))
    assert code == 0, output
    seen = _result(output)
    assert seen["helper"] == "helped"
    assert seen["helper_path"].startswith("/root/")
    assert seen["environment"] == {
        "PLAIN": "a b",
        "DOLLAR": "$HOME/x",
        "FROM_DICT": "yes",
        "FROM_ENV": "overridden",
        "HOME": "/root",
    }
    assert seen["tokens"] == []
    assert seen["cwd"] == "/app/deep"
    assert seen["baked"]
    assert seen["in_opt"] == ["__init__.py"]
    assert {path.name for path in Path("/opt").iterdir()} <= set(seen["opt_is_still_there"])
    assert not seen["home_visible"]
    assert not seen["usr_writable"]
    assert not seen["etc_writable"]
    assert seen["root_writable"]
    assert seen["tmp_writable"]
    # What the client mounted, and what leads to an interpreter that lies in a home or a temporary folder.
    assert set(seen["tmp"]) - below("/tmp") == {"probe"}
    assert set(seen["root"]) - below("/root") - {"__pycache__"} == {"helper_package", "surroundings.py"}
    assert seen["uid"] == 0
    assert seen["processes"] < 5
    created = plane.events("image_created")
    steps = [step for event in created for step in event.fields["not_run"]]
    assert any("some-package==1.0" in step for step in steps)
    assert any("echo built" in step for step in steps)


def test_the_wrong_token_is_refused(shared_plane):
    environment = {**shared_plane.environment(), "MODAL_TOKEN_SECRET": "as-wrong"}
    done = subprocess.run(
        shared_plane.command("run", str(SCRIPTS / "hello.py")),
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "token of its own run" in done.stdout + done.stderr


def test_nothing_listens_outside_loopback(shared_plane):
    sockets = {
        link.readlink().name
        for link in Path("/proc/self/fd").iterdir()
        if str(_target(link)).startswith("socket:")
    }
    inodes = {name.removeprefix("socket:[").removesuffix("]") for name in sockets}
    addresses = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/self/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                addresses.add(fields[1].partition(":")[0])
    assert addresses == {"0100007F"}  # 127.0.0.1


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""


def test_calls_that_are_not_served_say_so(shared_plane):
    code, output = shared_plane.run("shapes.py::unserved")
    assert code == 1
    assert "does not serve SandboxCreateV2" in " ".join(output.split())
    assert [e.fields["call"] for e in shared_plane.events("call_unserved")] == ["SandboxCreateV2"]
