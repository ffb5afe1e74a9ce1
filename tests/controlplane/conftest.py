"""A control plane with the real client, run as a user runs it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tminus.controlplane import ControlPlane, Event, Isolation
from tminus.facts import Facts

SCRIPTS = Path(__file__).parent / "scripts"


@dataclass
class Plane:
    """A running control plane and the user's `modal` command."""

    plane: ControlPlane

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "modal", *arguments]

    def environment(self) -> dict[str, str]:
        return {**os.environ, **self.plane.client_environment(), "NO_COLOR": "1", "COLUMNS": "200"}

    def start(self, script: str, *arguments: str, flags: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command("run", *flags, str(SCRIPTS / script), *arguments),
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(
        self, script: str, *arguments: str, flags: tuple[str, ...] = (), timeout_s: float = 60
    ) -> tuple[int, str]:
        process = self.start(script, *arguments, flags=flags)
        output, _ = process.communicate(timeout=timeout_s)
        return process.returncode, output

    def events(self, kind: str) -> list[Event]:
        return [event for event in self.plane.events() if event.kind == kind]

    def wait_for(self, found: Callable[[], Any], timeout_s: float = 20) -> Any:
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if result := found():
                return result
            time.sleep(0.02)
        raise AssertionError("it did not happen in time")

    def wait_for_log(self, text: str, count: int = 1) -> Event:
        """Wait until the containers' output holds a text so often; the event that brought it last."""

        def seen() -> Event | None:
            hits = [e for e in self.events("log") if text in e.fields["text"]]
            return hits[count - 1] if len(hits) >= count else None

        return self.wait_for(seen)


@contextmanager
def running_plane(state_dir: Path, **settings: Any) -> Iterator[Plane]:
    with ControlPlane.running(state_dir, facts=Facts.bundled(), **settings) as plane:
        yield Plane(plane)
    wrong = [e for e in plane.events() if e.kind in {"control_plane_error", "listener_failed"}]
    assert wrong == []
    assert all(container.state == "exited" for container in plane.containers())


@pytest.fixture(scope="session")
def isolation(tmp_path_factory: pytest.TempPathFactory) -> Isolation:
    return Isolation.detect(tmp_path_factory.mktemp("probe"))


@pytest.fixture
def plane(tmp_path: Path) -> Iterator[Plane]:
    with running_plane(tmp_path / "state") as running:
        yield running


@pytest.fixture(scope="module")
def shared_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    """One for tests that leave nothing behind which others could see."""
    with running_plane(tmp_path_factory.mktemp("state")) as running:
        yield running
