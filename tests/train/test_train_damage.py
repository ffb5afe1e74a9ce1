"""Damage of every kind to every file of a real checkpoint, unreadable folders, full disks."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Tiny, trace, weights

from tminus.train import ResumeError, TrainConfig, train
from tminus.train.checkpoint import list_checkpoints, newest_complete
from tminus.train.errors import SaveError
from tminus.train.manifest import verify
from tminus.train.pointer import POINTER_FILE, read_pointer
from tminus.train.record import RECORD_FILE

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_thread")]


@pytest.fixture(scope="module")
def straight(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> TrainConfig:
    """A finished LoRA run with checkpoints 4, 8 and 12."""
    config = tiny.config(tmp_path_factory.mktemp("straight") / "run")
    assert train(config).status == "finished"
    pointer = read_pointer(Path(config.output_dir))
    assert pointer is not None
    assert pointer.step == 12
    return config


def as_killed_after(config: TrainConfig, step: int, to: Path) -> TrainConfig:
    """A copy of a finished run's directory as a kill would have left it at a step."""
    shutil.copytree(config.output_dir, to)
    shutil.rmtree(to / "final")
    (to / POINTER_FILE).unlink()
    record = json.loads((to / RECORD_FILE).read_text())
    (to / RECORD_FILE).write_text(json.dumps(record | {"status": "running"}))
    for checkpoint in list_checkpoints(to):
        if checkpoint.step > step:
            shutil.rmtree(checkpoint.path)
    return replace(config, output_dir=str(to))


def truncate(path: Path, other: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])


def flip(path: Path, other: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def remove(path: Path, other: Path) -> None:
    path.unlink()


def swap(path: Path, other: Path) -> None:
    path.write_bytes(other.read_bytes())


def empty(path: Path, other: Path) -> None:
    path.write_bytes(b"")


def be_a_folder(path: Path, other: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGES = (truncate, flip, remove, swap, empty, be_a_folder)


def test_every_damage_to_every_file_is_found_and_the_one_before_is_used(
    straight: TrainConfig, tmp_path: Path
) -> None:
    source = Path(straight.output_dir)
    files = sorted(path.name for path in (source / "checkpoint-12").iterdir())
    assert {
        "adapter_model.safetensors",
        "adapter_config.json",
        "optimizer.pt",
        "rng_state.pth",
        "manifest.json",
    } <= set(files)
    tried = 0
    for name in files:
        for damage in DAMAGES:
            output = tmp_path / f"{name}-{damage.__name__}"
            for step in (8, 12):
                shutil.copytree(source / f"checkpoint-{step}", output / f"checkpoint-{step}")
            path, other = output / "checkpoint-12" / name, output / "checkpoint-8" / name
            before = path.read_bytes()
            damage(path, other)
            if path.is_file() and path.read_bytes() == before:
                assert damage is swap, name  # the tokenizer is the same in both
                continue
            said: list[str] = []
            found = newest_complete(output, said.append)
            assert found is not None, (name, damage)
            assert found.step == 8, (name, damage)
            assert "checkpoint-12" in said[0], (name, damage)
            shutil.rmtree(output)
            tried += 1
    assert tried > 5 * len(files)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"checkpoint": "checkpoint-99"}'])
def test_damaged_pointer_loses_nothing(straight: TrainConfig, tmp_path: Path, content: bytes) -> None:
    config = as_killed_after(straight, 8, tmp_path / "run")
    (tmp_path / "run" / POINTER_FILE).write_bytes(content)
    said: list[str] = []
    found = newest_complete(Path(config.output_dir), said.append)
    assert found is not None
    assert (found.step, said) == (8, [])


def test_pointer_to_what_is_gone_is_told(straight: TrainConfig, tmp_path: Path) -> None:
    shutil.copytree(straight.output_dir, tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "checkpoint-12")
    said: list[str] = []
    found = newest_complete(tmp_path / "run", said.append)
    assert found is not None
    assert found.step == 8
    assert said == [
        "latest.json names checkpoint-12, which was complete and is not any more; the newest that is whole "
        "is checkpoint-8"
    ]


def test_whole_folder_under_another_name_is_not_what_it_is_called(
    straight: TrainConfig, tmp_path: Path
) -> None:
    config = as_killed_after(straight, 8, tmp_path / "run")
    shutil.copytree(tmp_path / "run" / "checkpoint-4", tmp_path / "run" / "checkpoint-40")
    said: list[str] = []
    found = newest_complete(Path(config.output_dir), said.append)
    assert found is not None
    assert found.step == 8
    assert "checkpoint-40 is damaged (its manifest is of step 4)" in said[0]


def test_checkpoint_of_another_run_is_refused(straight: TrainConfig, tiny: Tiny, tmp_path: Path) -> None:
    other = tiny.config(tmp_path / "other", lora_r=8, max_steps=2, save_every=1)
    train(other)
    config = replace(straight, output_dir=str(tmp_path / "run"))
    (tmp_path / "run").mkdir()
    shutil.copytree(tmp_path / "other" / "checkpoint-2", tmp_path / "run" / "checkpoint-2")
    with pytest.raises(ResumeError, match=r"checkpoint-2 belongs to .*lora_r: 8 -> 4"):
        train(config)


def _as_nobody(action: Callable[[], None]) -> int:
    """Do something in a fork that is not root, whom no mode keeps from reading. Gives its exit code."""
    process = os.fork()
    if process == 0:
        try:
            if os.geteuid() == 0:
                os.setuid(65534)
            action()
            os._exit(0)
        except BaseException:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


@pytest.mark.parametrize("what", ["", "/optimizer.pt", "/manifest.json"])
def test_what_cannot_be_read_is_passed_over(straight: TrainConfig, tmp_path: Path, what: str) -> None:
    output = tmp_path / "run"
    shutil.copytree(straight.output_dir, output)
    # pytest keeps its folders, one more of them for a worker, to their owner.
    above = [one for one in tmp_path.parents if Path(tempfile.gettempdir()) in one.parents]
    for folder in (*above, tmp_path, output):
        if folder.stat().st_uid == os.geteuid():
            folder.chmod(0o755)
    for path in output.rglob("*"):
        path.chmod(0o755)  # safetensors leaves its files to their owner alone
    Path(f"{output}/checkpoint-12{what}").chmod(0)

    def look() -> None:
        said: list[str] = []
        found = newest_complete(output, said.append)
        assert found is not None
        assert found.step == 8
        assert "checkpoint-12 is damaged" in said[0]
        assert "Permission denied" in said[0] or "cannot be read" in said[0]

    assert _as_nobody(look) == 0


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Callable[[str], None]]:
    """A file system of a size; what is given makes it another size."""

    def mount(*arguments: str) -> int:
        command = ["mount", *arguments, "-t", "tmpfs", "tmpfs", str(folder)]
        return subprocess.run(command, capture_output=True, check=False).returncode

    folder.mkdir()
    if os.geteuid() != 0 or mount("-o", f"size={size}") != 0:
        pytest.skip("a file system cannot be mounted here")
    try:
        yield lambda size: (mount("-o", f"remount,size={size}"), None)[1]
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("background", [True, False])
def test_full_disk_stops_training_and_room_lets_it_go_on(
    straight: TrainConfig, tmp_path: Path, background: bool
) -> None:
    one = sum(file.stat().st_size for file in (Path(straight.output_dir) / "checkpoint-4").iterdir())
    with small_disk(tmp_path / "disk", f"{int(one * 2.5) // 1024}k") as resize:
        config = replace(straight, output_dir=str(tmp_path / "disk" / "run"), async_save=background)
        with pytest.raises(SaveError, match=r"checkpoint of step 12.*checkpoint-8 is complete.*Make room"):
            train(config)
        assert verify(list_checkpoints(Path(config.output_dir))[-1].path).step == 8
        resize(f"{one * 8 // 1024}k")
        result = train(config)
        assert (result.status, result.resumed_from) == ("finished", 8)
        assert trace(config.output_dir) == trace(straight.output_dir)
        assert weights(config.output_dir) == weights(straight.output_dir)


def test_file_that_may_not_grow_stops_training_with_the_last_checkpoint_intact(
    straight: TrainConfig, tmp_path: Path
) -> None:
    """As a quota does: files end at a size, and the write that goes beyond fails."""
    config = as_killed_after(straight, 4, tmp_path / "run")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    largest = max(file.stat().st_size for file in (tmp_path / "run" / "checkpoint-4").iterdir())
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest - 1000, hard))
    try:
        with pytest.raises(SaveError, match=r"checkpoint of step 8 could not be written.*checkpoint-4 is"):
            train(config)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [checkpoint.step for checkpoint in list_checkpoints(tmp_path / "run")] == [4]
    assert train(config).resumed_from == 4
    assert weights(config.output_dir) == weights(straight.output_dir)


def test_directory_that_cannot_be_written_is_refused(straight: TrainConfig, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SaveError, match="cannot be read and written"):
        train(replace(straight, output_dir=str(tmp_path / "file" / "run")))
