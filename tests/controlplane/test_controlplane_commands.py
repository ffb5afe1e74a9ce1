"""`modal container exec`: commands where the function runs."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
from collections.abc import Iterator

import pytest
from conftest import Plane

from tminus.controlplane.commands.access import CommandAccess

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def container(shared_plane: Plane) -> Iterator[str]:
    """A container at work."""
    process = shared_plane.start("busy.py")
    yield shared_plane.wait_for_log("at work").task_id
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)


def _exec(plane: Plane, container: str, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        plane.command("container", "exec", "--no-pty", container, "--", *command),
        env=plane.environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_command_sees_what_the_function_sees(shared_plane, container, isolation):
    script = "cat /data/uncommitted.txt; echo; echo $WORD; pwd; echo not here >&2; ps ax | wc -l; exit 3"
    done = _exec(shared_plane, container, "sh", "-c", script)
    lines = done.stdout.splitlines()
    assert lines[:3] == ["seen by the command", "from-a-secret", "/root"], done.stdout + done.stderr
    assert "not here" in done.stdout + done.stderr
    if isolation.mode == "bubblewrap":
        assert int(next(line for line in lines[3:] if line.strip().isdigit())) < 10
        script = "touch /usr/x; cat /proc/self/status"
        written = _exec(shared_plane, container, "sh", "-c", script)
        assert "Read-only file system" in written.stdout + written.stderr
        assert "CapBnd:\t000000000000000b" in written.stdout, written.stdout


def test_a_shell_has_a_terminal(shared_plane, container):
    ours, theirs = pty.openpty()
    shell = subprocess.Popen(
        shared_plane.command("container", "exec", "--pty", container, "--", "sh"),
        env=shared_plane.environment(),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    os.write(ours, b"test -t 0 && echo on-a-$((40 + 2)); exit\n")
    output = b""
    try:
        while data := os.read(ours, 4096):
            output += data
    except OSError:
        pass
    assert shell.wait(30) == 0
    assert b"on-a-42" in output, output


def test_another_containers_token_opens_nothing(container):
    access = CommandAccess()
    token = access.grant(container)
    assert access.allows(token, container)
    assert not access.allows(token, "ta-other")
    assert not access.allows("", "")


def test_an_ended_container_takes_no_commands(shared_plane, container):
    done = _exec(shared_plane, "ta-0123456789abcdef012345", "true")
    assert done.returncode != 0
    assert "not found" in (done.stdout + done.stderr).lower()
