"""Commits are tried again, and a failure is told and not raised."""

from __future__ import annotations

import pytest

from tminus.train import volume
from tminus.train.volume import commit_volume

modal = pytest.importorskip("modal")


class Flaky:
    """Stands where the platform would: fails as often as asked."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.commits = 0

    def commit(self) -> None:
        self.commits += 1
        if self.errors:
            raise self.errors.pop(0)


@pytest.fixture
def flaky(monkeypatch: pytest.MonkeyPatch) -> Flaky:
    stand_in = Flaky()
    monkeypatch.setattr(modal.Volume, "from_name", lambda name: stand_in)
    monkeypatch.setattr(volume, "_PAUSES_S", (0.0, 0.0, 0.0))
    return stand_in


def test_transient_errors_are_tried_again(flaky: Flaky) -> None:
    flaky.errors = [ConnectionError("lost"), TimeoutError("slow")]
    said: list[str] = []
    assert commit_volume("noesis", said.append) is None
    assert flaky.commits == 3
    assert "ConnectionError: lost" in said[0]
    assert "committed" in said[-1]


def test_lasting_error_is_given_back(flaky: Flaky) -> None:
    flaky.errors = [ConnectionError(str(number)) for number in range(9)]
    failure = commit_volume("noesis", lambda line: None)
    assert str(failure) == "3"
    assert flaky.commits == 4


def test_open_files_prevent_the_reload_not_the_commit(flaky: Flaky) -> None:
    flaky.errors = [RuntimeError("there are open files preventing the operation")]
    said: list[str] = []
    assert commit_volume("noesis", said.append) is None
    assert flaky.commits == 1
    assert "open" in said[0]
