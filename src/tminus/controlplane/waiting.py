"""Waiting for a change inside one event loop."""

from __future__ import annotations

import asyncio


class Changed:
    """Wakes everyone who waits when something changed.

    Unlike `asyncio.Condition` it needs no lock: all callers share one event loop.
    """

    def __init__(self) -> None:
        self._waiters: set[asyncio.Future[None]] = set()

    def notify(self) -> None:
        """Wake all who wait now."""
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def wait(self, timeout_s: float) -> bool:
        """Wait for the next change.

        Returns:
            True after a change, False when `timeout_s` seconds passed without one.
        """
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            async with asyncio.timeout(max(0.0, timeout_s)):
                await waiter
        except TimeoutError:
            return False
        finally:
            self._waiters.discard(waiter)
        return True
