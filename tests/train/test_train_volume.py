"""Commits are tried again, and a failure is told and not raised."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tminus.train import volume
from tminus.train.checkpoint import Checkpoint, prune, publish, stage
from tminus.train.committer import Committer
from tminus.train.pointer import Pointer, read_pointer
from tminus.train.volume import commit_volume

modal = pytest.importorskip("modal")


class Flaky:
    """Stands where the platform would: fails as often as asked."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.commits = 0
        self.on_commit: Callable[[], None] = lambda: None

    def commit(self) -> None:
        self.commits += 1
        self.on_commit()
        if self.errors:
            raise self.errors.pop(0)


@pytest.fixture
def flaky(monkeypatch: pytest.MonkeyPatch) -> Flaky:
    stand_in = Flaky()
    monkeypatch.setattr(modal.Volume, "from_name", lambda name: stand_in)
    monkeypatch.setattr(volume, "_FIRST_PAUSE_S", 0.01)
    return stand_in


def test_transient_errors_are_tried_again(flaky: Flaky) -> None:
    flaky.errors = [ConnectionError("lost"), TimeoutError("slow")]
    said: list[str] = []
    assert commit_volume("noesis", said.append) is None
    assert flaky.commits == 3
    assert "ConnectionError: lost" in said[0]
    assert "committed" in said[-1]


def test_lasting_error_is_given_back(flaky: Flaky) -> None:
    flaky.errors = [ConnectionError(str(number)) for number in range(99)]
    failure = commit_volume("noesis", lambda line: None, patience_s=0.1)
    assert isinstance(failure, ConnectionError)
    assert 3 <= flaky.commits <= 5  # 0.01 s, 0.02 s, 0.04 s, and the next would be too late


def test_error_that_stays_is_not_tried_again(flaky: Flaky) -> None:
    flaky.errors = [modal.exception.NotFoundError("no volume of this name")]
    assert commit_volume("noesis", lambda line: None) is not None
    assert flaky.commits == 1


def test_open_files_prevent_the_reload_not_the_commit(flaky: Flaky) -> None:
    flaky.errors = [RuntimeError("there are open files preventing the operation")]
    said: list[str] = []
    assert commit_volume("noesis", said.append) is None
    assert flaky.commits == 1
    assert "open" in said[0]


def checkpoint(output: Path, step: int) -> Checkpoint:
    staged = stage(output, f"checkpoint-{step}")
    (staged / "optimizer.pt").write_bytes(b"o" * step)
    return publish(staged, run_id="run-1", step=step, world_size=1, attempt=1, config={})


def test_pointer_moves_once_the_checkpoint_is_committed(flaky: Flaky, tmp_path: Path) -> None:
    pointed: list[Pointer | None] = []
    flaky.on_commit = lambda: pointed.append(read_pointer(tmp_path))
    committer = Committer("noesis", lambda line: None)
    for step in (1, 2):
        committer.request(checkpoint(tmp_path, step))
        assert committer.finish(10) is None
    steps = [None if pointer is None else pointer.step for pointer in pointed]
    assert steps == [None, 1, 1, 2]  # the checkpoint, then the pointer to it
    assert committer.durable_step == 2


def test_outage_stops_neither_saves_nor_what_comes_after(flaky: Flaky, tmp_path: Path) -> None:
    """A control plane that is away: saves go on, nothing waits, and one commit carries them all."""
    flaky.errors = [ConnectionError("away")] * 5
    said: list[str] = []
    committer = Committer("noesis", said.append)
    started = time.monotonic()
    for step in (1, 2, 3):
        committer.request(checkpoint(tmp_path, step))
        prune(tmp_path, keep=2)
    assert time.monotonic() - started < 0.3
    assert committer.finish(10) is None
    pointer = read_pointer(tmp_path)
    assert pointer is not None
    assert pointer.step == committer.durable_step == 3
    assert sum("commit failed" in line for line in said) == 5


def test_outage_that_lasts_is_told_at_the_end(flaky: Flaky, tmp_path: Path) -> None:
    flaky.errors = [ConnectionError("away")] * 999
    committer = Committer("noesis", lambda line: None)
    committer.request(checkpoint(tmp_path, 1))
    assert committer.finish(0.1) is not None
    assert read_pointer(tmp_path) is None
