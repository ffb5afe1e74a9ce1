"""The real client inside the tests' own process: no start of an interpreter for each question."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import modal
import pytest
from conftest import Plane


@contextmanager
def client_of(plane: Plane) -> Iterator[modal.Client]:
    """A client that is logged in to a control plane; to be handed to every object."""
    environment = plane.plane.client_environment()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        yield modal.Client.from_credentials(environment["MODAL_TOKEN_ID"], environment["MODAL_TOKEN_SECRET"])
