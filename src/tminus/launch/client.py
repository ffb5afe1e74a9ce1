"""The user's own `modal` client as a process: `modal run --detach`, with its output kept."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

_APP_ID = re.compile(r"\bap-[A-Za-z0-9]{6,}\b")
_NAMED_WITHIN_S = 600.0
_GUARD = Path(__file__).with_name("guard.py")


class LaunchError(Exception):
    """The run could not be started; the message says why and what to do."""


class Client:
    """One ``modal run --detach``, that goes on when this process ends.

    Args:
        target: The script, with ``::function`` where one is named.
        arguments: What follows it.
        log: Where its output goes.
    """

    def __init__(self, target: str, arguments: Sequence[str], log: Path) -> None:
        log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "modal", "run", "--detach", target, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                # Ctrl-C in the launching terminal ends the watching, never the run.
                start_new_session=True,
            )

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs."""
        return self._process.poll()

    def text(self) -> str:
        """Its output so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def app_id(self, within_s: float = _NAMED_WITHIN_S) -> str:
        """The app that the service made for it. Waits for it.

        Raises:
            LaunchError: The client ended before, or took too long; the message has the end of its output.
        """
        give_up = time.monotonic() + within_s
        while time.monotonic() < give_up:
            ended = self.exit_code is not None
            if found := _APP_ID.search(self.text()):
                return found[0]
            if ended:
                raise LaunchError(
                    f"`modal run` ended with {self.exit_code} before an app was made:\n{self._tail()}"
                )
            time.sleep(0.1)
        raise LaunchError(f"`modal run` named no app within {within_s:.0f} s:\n{self._tail()}")

    def wait(self, timeout_s: float) -> int | None:
        """Wait for its end; its exit code, or None where it still runs after `timeout_s`."""
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None

    def _tail(self, lines: int = 12) -> str:
        return "\n".join(f"  {line}" for line in self.text().splitlines()[-lines:])


def start_guard(ledger: str, log: Path) -> str:
    """Start the guard of a run; it is told of the run's app by the ledger.

    Returns:
        The guard's own app.

    Raises:
        LaunchError: It could not be started.
    """
    client = Client(f"{_GUARD}::start", ["--ledger-name", ledger], log)
    app_id = client.app_id()
    # Its entrypoint ends once the guard's call is queued; the app, detached, goes on.
    if client.wait(_NAMED_WITHIN_S) != 0:
        raise LaunchError(f"the guard of budget and deadline could not be started:\n{client._tail()}")
    return app_id
