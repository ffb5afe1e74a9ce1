"""Starting a local service in the background, and stopping it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

from tminus.controlplane.local.folder import LocalFolder, ServiceRecord
from tminus.controlplane.local.health import ask
from tminus.controlplane.local.serve import END_GRACE_S

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = END_GRACE_S + 20.0
POLL_S = 0.05
_LOG_TAIL_LINES = 20


class LocalServiceError(Exception):
    """The service could not be started or stopped; the message says why."""


def start(folder: LocalFolder, arguments: Sequence[str]) -> ServiceRecord:
    """Start a service in the background and wait until it answers.

    Args:
        folder: Where its state is.
        arguments: Of the command that serves in the foreground, beside its folder.

    Raises:
        LocalServiceError: It ended, or did not answer in time.
        OSError: The folder cannot be written.
    """
    folder.make()
    command = [sys.executable, "-m", "tminus.cli", "local", "up", "--foreground", "--state", str(folder.path)]
    with folder.log.open("ab") as log:
        folder.log.chmod(0o600)
        process = subprocess.Popen(
            [*command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder.path,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        service = folder.service()
        if service is not None and ask(service.url, folder.credentials()) is not None:
            # Another call may have been faster than ours: then ours found the folder taken, and ended.
            return service
        if process.poll() is not None and not folder.is_running():
            raise LocalServiceError(f"the service ended at once; {folder.log} says:\n{_tail(folder)}")
        time.sleep(POLL_S)
    process.kill()
    process.wait()
    raise LocalServiceError(
        f"the service did not answer within {START_TIMEOUT_S:.0f} s; {folder.log} says:\n{_tail(folder)}"
    )


def stop(folder: LocalFolder) -> bool:
    """Stop the service of a folder: containers may finish their commits; what still works then is killed.

    Returns:
        False where none ran.

    Raises:
        LocalServiceError: It runs and cannot be stopped.
    """
    service = folder.service()
    if service is None:
        if folder.is_running():
            raise LocalServiceError(f"a control plane works in {folder.path}, but not as a local service")
        return False
    for number, timeout_s in ((signal.SIGTERM, STOP_TIMEOUT_S), (signal.SIGKILL, START_TIMEOUT_S)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(service.pid, number)
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if not folder.is_running():
                return True
            time.sleep(POLL_S)
    raise LocalServiceError(f"process {service.pid} does not end")


def _tail(folder: LocalFolder) -> str:
    lines = folder.log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(f"  {line}" for line in lines[-_LOG_TAIL_LINES:])
