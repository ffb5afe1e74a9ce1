"""Containers start as fast with a volume that holds much as with one that holds nothing."""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path

import pytest
from conftest import Plane

from tminus.controlplane import Isolation
from tminus.controlplane.store import Database
from tminus.controlplane.volumes import Volume, VolumeStore, VolumeView
from tminus.controlplane.volumes.tree import fingerprint

GIB = 1 << 30


def fill(volume: Volume, files: int, size: int) -> None:
    """Commit many small files, which share one content, and one large one, which has none."""
    tree = volume.tree(volume.generation)
    (tree / "0").mkdir()
    first = tree / "0" / "0"
    first.write_text("x")
    for number in range(1, files):
        folder = tree / str(number // 500)
        folder.mkdir(exist_ok=True)
        os.link(first, folder / str(number))
    with (tree / "large.bin").open("wb") as file:
        file.truncate(size)


@pytest.mark.slow
def test_a_start_takes_no_longer_with_a_large_volume(plane: Plane, isolation: Isolation) -> None:
    if not isolation.overlay:
        pytest.skip("volumes are copied where overlays do not work")
    volumes = plane.plane.volumes
    volumes.create("empty", 1, "main")
    fill(volumes.create("large", 1, "main"), 3000, GIB)
    ratios = []
    for _ in range(3):  # on a busy machine a single measure says little
        code, output = plane.run("starts.py", timeout_s=240)
        assert code == 0, output
        (line,) = [line for line in output.splitlines() if line.startswith("seconds ")]
        seconds = json.loads(line.removeprefix("seconds "))
        ratios.append(min(seconds["large"]) / min(seconds["empty"]))
        if ratios[-1] < 1.2:
            return
    raise AssertionError(f"a start with a large volume takes {ratios} times as long")


def test_what_a_container_did_not_change_is_not_read_again(tmp_path: Path) -> None:
    store = VolumeStore(tmp_path / "store", Database(tmp_path / "state.db"))
    volume = store.create("v", 1, "main")
    fill(volume, 20, 1)
    view = VolumeView(volume, "/v", tmp_path / "view", read_only=False)
    changes = tmp_path / "upper"
    changes.mkdir()
    # There is no tree to be read: a commit without changes must not look for one.
    view.attach(tmp_path / "gone", changes)
    assert view.commit().files == 0
    (changes / "new").write_text("x")
    with pytest.raises(FileNotFoundError):
        view.commit()
    assert volume.generation == 0


def test_a_fingerprint_tells_every_change(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    file = tmp_path / "d" / "f"
    file.write_text("one")
    seen = [fingerprint(tmp_path)]
    for change in (
        lambda: file.write_text("two"),
        lambda: file.chmod(0o600),
        lambda: os.utime(file, ns=(0, 0)),
        lambda: file.rename(tmp_path / "d" / "g"),
        lambda: (tmp_path / "link").symlink_to("d"),
        lambda: (tmp_path / "link").unlink(),
        lambda: (tmp_path / "d").chmod(0o700),
    ):
        change()
        seen.append(fingerprint(tmp_path))
    assert all(before != after for before, after in itertools.pairwise(seen))
    assert fingerprint(tmp_path) == seen[-1]
