"""The real client without a start of an interpreter for each question."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import modal
import pytest
from conftest import Plane

FORKS = Path(__file__).parents[1] / "cli" / "modal_forks.py"


@contextmanager
def client_of(plane: Plane) -> Iterator[modal.Client]:
    """A client that is logged in to a control plane; to be handed to every object."""
    environment = plane.plane.client_environment()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        yield modal.Client.from_credentials(environment["MODAL_TOKEN_ID"], environment["MODAL_TOKEN_SECRET"])


class Commands:
    """The user's `modal` command, of this interpreter or another, loaded once for many command lines."""

    def __init__(self, plane: Plane, python: Path = Path(sys.executable)) -> None:
        self._forks = subprocess.Popen(
            [str(python), str(FORKS)],
            env=plane.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *arguments: str, code: int = 0) -> str:
        assert self._forks.stdin is not None
        assert self._forks.stdout is not None
        print(json.dumps(arguments), file=self._forks.stdin, flush=True)
        answer = json.loads(self._forks.stdout.readline())
        assert answer["code"] == code, answer["output"]
        return answer["output"]

    def close(self) -> None:
        self._forks.communicate()
