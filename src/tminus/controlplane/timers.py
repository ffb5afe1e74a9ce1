"""Things to do later."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


class Timers:
    """Delayed actions and background work of one event loop, which can all be dropped at once."""

    def __init__(self) -> None:
        self._handles: set[asyncio.TimerHandle] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def later(self, delay_s: float, action: Callable[[], None]) -> None:
        """Do something after `delay_s` seconds."""

        def run() -> None:
            self._handles.discard(handle)
            action()

        handle = asyncio.get_running_loop().call_later(delay_s, run)
        self._handles.add(handle)

    def every(self, interval_s: float, action: Callable[[], None]) -> None:
        """Do something every `interval_s` seconds."""

        def run() -> None:
            self.later(interval_s, run)
            action()

        self.later(interval_s, run)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine in the background; the event loop itself would keep no reference to it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        """Drop what has not begun."""
        for handle in self._handles:
            handle.cancel()
        self._handles.clear()
