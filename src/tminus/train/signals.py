"""Turning SIGINT and SIGTERM into a request that training answers at the next step boundary."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType, TracebackType

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """While it is entered, the stop signals set a flag and do nothing else.

    A signal that arrives while a checkpoint is being written therefore cannot break it, however often it is
    sent. Outside the main thread Python forbids signal handlers; there the flag is never set.
    """

    def __init__(self, *, process_ends: bool = False) -> None:
        """Make a request that nobody has made yet.

        Args:
            process_ends: The process leaves afterwards: late signals are then ignored instead of being given
                back to their handlers, so that they cannot change its exit code.
        """
        self._process_ends = process_ends
        self._signal: int | None = None
        self._previous: dict[int, object] = {}

    @property
    def requested(self) -> bool:
        """Whether this process was asked to stop."""
        return self._signal is not None

    def __enter__(self) -> StopRequest:
        if threading.current_thread() is threading.main_thread():
            for number in STOP_SIGNALS:
                self._previous[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            after = signal.SIG_IGN if self._process_ends else handler
            signal.signal(number, after)  # type: ignore[arg-type]  # what signal.signal gave
        self._previous.clear()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._signal is None:
            name = signal.Signals(number).name
            # os.write and not print: a handler may run in the middle of another print.
            os.write(2, f"tminus: {name} received; saving at the end of this step\n".encode())
        self._signal = number
