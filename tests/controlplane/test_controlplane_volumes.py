"""Volumes through the client: commits, deletions, reload, listing; and without bubblewrap."""

from __future__ import annotations

import shutil

import pytest
from conftest import running_plane

from tminus.controlplane import Isolation
from tminus.controlplane.sandbox.detect import Mode

pytestmark = pytest.mark.slow


def test_what_was_committed_is_there_in_the_next_container(plane):
    code, output = plane.run("volume.py::main")
    assert code == 0, output
    code, output = plane.run("volume.py::look")
    assert "result: {'committed.txt': 'one', 'uncommitted.txt': 'two'}" in output
    code, output = plane.run("volume.py::edit")
    assert "result: ['a', 'a/b', 'a/b/c.bin', 'committed.txt']" in output, output
    committed = plane.plane.volumes.path("test-data")
    assert (committed / "committed.txt").read_text() == "one+more"
    assert (committed / "a/b/c.bin").stat().st_size == 100_000


def test_reload_fails_with_open_files_and_commit_does_not(plane):
    code, output = plane.run("volume.py::reload")
    assert code == 0, output
    assert "result: ['there are open files preventing the operation', 'reloaded']" in " ".join(output.split())


def test_volumes_are_found_again(tmp_path):
    with running_plane(tmp_path / "state") as plane:
        plane.run("volume.py::main")
    with running_plane(tmp_path / "state") as plane:
        _, output = plane.run("volume.py::look")
        assert "'committed.txt': 'one'" in output


def test_without_overlays_volumes_are_copied(tmp_path, isolation):
    if isolation.mode != "bubblewrap":
        pytest.skip("bubblewrap does not work here")
    copying = Isolation(isolation.mode, False, isolation.cluster_network, isolation.user_namespace, [])
    with running_plane(tmp_path / "state", isolation=copying) as plane:
        plane.run("volume.py::main")
        plane.run("volume.py::edit")
        assert (plane.plane.volumes.path("test-data") / "committed.txt").read_text() == "one+more"


def test_plain_processes_run_hello(tmp_path):
    with running_plane(tmp_path / "state", isolation=Isolation.PLAIN) as plane:
        code, output = plane.run("hello.py", "--name", "plain")
        assert code == 0, output
        assert "result: hello plain" in output
    assert any("bubblewrap" in line for line in Isolation.PLAIN.not_shown)


@pytest.mark.parametrize("overlay", [True, False])
def test_plain_processes_link_a_volume_and_refuse_a_path_that_is_taken(
    tmp_path, monkeypatch, isolation, overlay
):
    if overlay and not isolation.overlay:
        pytest.skip("overlays do not work here")
    monkeypatch.setenv("VOLUME_PATH", str(tmp_path / "data"))
    plain = Isolation(Mode.PLAIN, overlay, user_namespace=isolation.user_namespace)
    with running_plane(tmp_path / "state", isolation=plain) as plane:
        code, output = plane.run("plainvolume.py")
        assert code == 0, output
        assert "result: kept+ None" in output  # one container after the other had the path
        assert (plane.plane.volumes.path("plain-data") / "file.txt").read_text() == "kept"
        assert not (tmp_path / "data").exists()
        (tmp_path / "data").mkdir()
        code, output = plane.run("plainvolume.py")
        assert code == 1
        assert "apt-get install bubblewrap" in " ".join(output.split())


def test_without_bubblewrap_volumes_are_overlays_all_the_same(tmp_path, monkeypatch, isolation):
    (tmp_path / "bin").mkdir()
    for name in ("unshare", "sh", "mount", "rm", "ip", "true"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "state").mkdir()
    found = Isolation.detect(tmp_path / "state")
    assert (found.walls, found.overlay) == (False, isolation.overlay)
    assert any("bubblewrap" in line for line in found.not_shown)
    assert any("large volumes" in line for line in found.not_shown) != isolation.overlay


@pytest.mark.parametrize("name", ["files-v1", "files-v2"])
def test_the_clients_own_access_to_files(shared_plane, name):
    code, output = shared_plane.run("files.py", "--name", name)
    assert code == 0, output
    for line in (
        "listed: [('a/large.bin', 10240000), ('a/small.txt', 5)]",
        "same: True",
        "refused to overwrite",
        "now: b'other'",
        "left: []",
    ):
        assert line in output


def test_a_folder_of_a_volume_is_mounted_by_itself(shared_plane):
    code, output = shared_plane.run("subpath.py")
    assert code == 0, output
    assert "written: ['deep', 'deep/first']" in output
    assert "followed: ['deep', 'deep/first', 'deep/second']" in output
    assert "theirs: [] Read-only file system" in output
    files = [
        "users",
        "users/me",
        "users/me/deep",
        "users/me/deep/first",
        "users/me/deep/second",
        "users/them",
    ]
    assert f"all: {files}" in output
