"""Calls that fail on their way to the service, as they do on a real network."""

from __future__ import annotations

import random

from grpclib import Status

# What the client takes for passing, and tries again (modal 1.6.4, `modal/_utils/grpc_utils.py`).
TRANSIENT = (Status.UNAVAILABLE, Status.DEADLINE_EXCEEDED)


class RpcErrors:
    """Decides which calls fail.

    Args:
        rate: Share of the calls, from 0 to 1.
        seed: What it is drawn by.

    Raises:
        ValueError: The rate is no share.
    """

    def __init__(self, rate: float, seed: int) -> None:
        if not 0 <= rate <= 1:
            raise ValueError(f"a share of calls is from 0 to 1, not {rate}")
        self._rate = rate
        self._draw = random.Random(seed)

    def draw(self) -> Status | None:
        """How the next call fails; None where it does not."""
        return self._draw.choice(TRANSIENT) if self._draw.random() < self._rate else None
