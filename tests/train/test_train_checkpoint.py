"""A checkpoint is complete or invisible: damage of every kind, kills at every moment."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tminus.train.checkpoint import (
    Checkpoint,
    list_checkpoints,
    newest_complete,
    prune,
    publish,
    stage,
    sweep,
)
from tminus.train.manifest import MANIFEST_FILE, ManifestError, read_manifest, verify

FILES = {
    "adapter_model.safetensors": b"w" * 3000,
    "optimizer.pt": b"o" * 5000,
    "sub/rng_state_1.pth": b"r" * 64,
}


def write(output: Path, step: int, files: dict[str, bytes] | None = None) -> Checkpoint:
    staged = stage(output, f"checkpoint-{step}")
    for name, content in (FILES if files is None else files).items():
        (staged / name).parent.mkdir(exist_ok=True)
        (staged / name).write_bytes(content + str(step).encode())
    return publish(staged, run_id="run-1", step=step, world_size=2, attempt=3, config={"seed": 42})


def newest(output: Path) -> tuple[int | None, list[str]]:
    said: list[str] = []
    found = newest_complete(output, said.append)
    return (None if found is None else found.step), said


def test_published_checkpoint_tells_everything(tmp_path: Path) -> None:
    checkpoint = write(tmp_path, 30)
    assert checkpoint.path.name == "checkpoint-30"
    manifest = json.loads((checkpoint.path / MANIFEST_FILE).read_text())
    expected = {
        "format": 1,
        "run_id": "run-1",
        "step": 30,
        "world_size": 2,
        "attempt": 3,
        "config": {"seed": 42},
    }
    assert manifest.items() >= expected.items()
    assert set(manifest["files"]) == set(FILES)
    assert manifest["files"]["optimizer.pt"]["size"] == 5002
    assert verify(checkpoint.path) == checkpoint.manifest == read_manifest(checkpoint.path)


def test_nothing_yet(tmp_path: Path) -> None:
    assert newest(tmp_path / "absent") == (None, [])
    assert newest(tmp_path) == (None, [])
    assert list_checkpoints(tmp_path) == []


def test_newest_by_number_not_by_name(tmp_path: Path) -> None:
    for step in (100, 9, 30):
        write(tmp_path, step)
    assert newest(tmp_path) == (100, [])
    assert [checkpoint.step for checkpoint in list_checkpoints(tmp_path)] == [9, 30, 100]


def test_staged_is_invisible_and_swept(tmp_path: Path) -> None:
    write(tmp_path, 10)
    staged = stage(tmp_path, "checkpoint-20")
    (staged / "optimizer.pt").write_bytes(b"half")
    assert newest(tmp_path) == (10, [])
    assert [path.name for path in sweep(tmp_path)] == [".tmp-checkpoint-20"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-10"]


def test_directory_without_manifest_does_not_exist(tmp_path: Path) -> None:
    write(tmp_path, 10)
    foreign = tmp_path / "checkpoint-40"
    foreign.mkdir()
    (foreign / "optimizer.pt").write_bytes(b"by another trainer")
    step, said = newest(tmp_path)
    assert step == 10
    assert "checkpoint-40" in said[0]
    assert foreign.is_dir()
    write(tmp_path, 40)  # its name is needed now: it is kept under another one
    assert newest(tmp_path) == (40, [])
    assert (tmp_path / "damaged-checkpoint-40" / "optimizer.pt").exists()


@pytest.mark.parametrize("name", [*FILES, MANIFEST_FILE])
@pytest.mark.parametrize("damage", ["truncate", "empty", "flip", "remove", "swap"])
def test_damage_is_set_aside_and_the_one_before_is_used(tmp_path: Path, name: str, damage: str) -> None:
    write(tmp_path, 10)
    path = write(tmp_path, 20).path / name
    content = path.read_bytes()
    if damage == "truncate":
        path.write_bytes(content[:-5])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "flip":
        path.write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
    elif damage == "swap":
        path.write_bytes((tmp_path / "checkpoint-10" / name).read_bytes())
    else:
        path.unlink()
    step, said = newest(tmp_path)
    assert step == 10
    assert len(said) == 1
    assert "checkpoint-20" in said[0]
    if not (name == MANIFEST_FILE and damage == "remove"):
        assert not (tmp_path / "checkpoint-20").exists()
        assert (tmp_path / "damaged-checkpoint-20").is_dir()
        assert newest(tmp_path) == (10, [])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_bit_of_any_file_counts(tmp_path: Path, data: st.DataObject) -> None:
    directory = tmp_path / "checkpoint-7"
    if not directory.exists():
        write(tmp_path, 7)
    path = directory / data.draw(st.sampled_from([*FILES, MANIFEST_FILE]))
    content = path.read_bytes()
    position = data.draw(st.integers(0, len(content) - 1))
    flipped = bytearray(content)
    flipped[position] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(flipped)
    try:
        if path.name == MANIFEST_FILE and _same_json(content, bytes(flipped)):
            return  # white space between tokens carries nothing
        with pytest.raises(ManifestError):
            verify(directory)
    finally:
        path.write_bytes(content)
    assert verify(directory).step == 7


def _same_json(one: bytes, other: bytes) -> bool:
    try:
        return bool(json.loads(one) == json.loads(other))
    except ValueError:
        return False


def test_damaged_twice_keeps_both(tmp_path: Path) -> None:
    for _ in range(2):
        (write(tmp_path, 5).path / "optimizer.pt").write_bytes(b"")
        assert newest(tmp_path)[0] is None
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["damaged-checkpoint-5", "damaged-checkpoint-5.2"]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.sets(st.integers(1, 99), min_size=1, max_size=6), keep=st.integers(1, 7), broken=st.booleans()
)
def test_retention_keeps_the_last_good_one(
    tmp_path_factory: pytest.TempPathFactory, steps: set[int], keep: int, broken: bool
) -> None:
    output = tmp_path_factory.mktemp("retention")
    for step in steps:
        write(output, step, {"optimizer.pt": b"o"})
    if broken:
        (output / f"checkpoint-{max(steps)}" / "optimizer.pt").write_bytes(b"")
    prune(output, keep)
    left = [checkpoint.step for checkpoint in list_checkpoints(output)]
    assert left == (sorted(steps) if broken else sorted(steps)[-keep:])
    assert newest(output)[0] == (max(steps - {max(steps)}, default=None) if broken else max(steps))


def test_same_step_again_replaces(tmp_path: Path) -> None:
    write(tmp_path, 10)
    write(tmp_path, 10, {"optimizer.pt": b"second"})
    assert newest(tmp_path) == (10, [])
    assert (tmp_path / "checkpoint-10" / "optimizer.pt").read_bytes() == b"second10"
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-10"]


def _die_at(output: Path, count: int) -> None:
    """Save step 30 and prune, but die by SIGKILL before system call number `count`."""
    left = count

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            nonlocal left
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
            return call(*args, **kwargs)

        return wrapped

    for name in ("fsync", "rename", "replace", "rmdir", "unlink", "mkdir"):
        setattr(os, name, counted(getattr(os, name)))
    try:
        write(output, 30)
        prune(output, 2)
    except BaseException:
        os._exit(1)
    os._exit(0)


@pytest.mark.fault
def test_kill_before_any_system_call_leaves_a_complete_newest(tmp_path: Path) -> None:
    """SIGKILL before the first, second, ... call of a save that also deletes an old checkpoint."""
    killed = 0
    for count in range(200):
        output = tmp_path / str(count)
        write(output, 10)
        write(output, 20)
        process = os.fork()
        if process == 0:  # a fork and not a new interpreter: two hundred of those would take a minute
            _die_at(output, count)
        _, status = os.waitpid(process, 0)
        if os.waitstatus_to_exitcode(status) == 0:
            break
        assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL
        killed += 1
        step, said = newest(output)
        assert step in (20, 30)
        assert said == []
        sweep(output)
        for checkpoint in list_checkpoints(output):
            verify(checkpoint.path)
        assert {path.name for path in output.iterdir()} <= {f"checkpoint-{n}" for n in (10, 20, 30)}
    assert killed > 15
    assert [checkpoint.step for checkpoint in list_checkpoints(output)] == [20, 30]
