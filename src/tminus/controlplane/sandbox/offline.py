"""The network of containers that may not reach beyond this machine: one private loopback for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from tminus.controlplane.sandbox.detect import Isolation
from tminus.controlplane.sandbox.network import PrivateNetwork


class OfflineNetwork:
    """A private network that is made when it is first asked for.

    Args:
        isolation: What this machine allows.
        relayed: Port of this machine's loopback, the same inside, to the socket that leads to it.
    """

    def __init__(self, isolation: Isolation, relayed: Mapping[int, Path]) -> None:
        self._isolation = isolation
        self._relayed = relayed
        self._making = asyncio.Lock()
        self._network: PrivateNetwork | None = None

    async def get(self) -> PrivateNetwork:
        """The network.

        Raises:
            RuntimeError: This machine does not give one; the text says what it answered.
        """
        async with self._making:
            if self._network is None:
                self._network = await PrivateNetwork.create(1, self._isolation, self._relayed)
            return self._network

    async def close(self) -> None:
        """Take it down; its containers are gone."""
        async with self._making:
            if self._network is not None:
                await self._network.close()
