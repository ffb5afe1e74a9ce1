"""A running container: its processes, signals to them, its end."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import defaultdict
from pathlib import Path

from tminus.controlplane.sandbox.cgroups import ControlGroup

CHILD_WAIT_S = 10.0
POLL_S = 0.01


class SandboxProcess:
    """The processes of one container.

    Attributes:
        python_pid: The interpreter that runs the client's container entrypoint, as this machine numbers it.
        pids_root: Process whose end is the end of all others, or None for plain processes.
        group: Control group that limits it, if any.
    """

    def __init__(self, outer: asyncio.subprocess.Process, python_pid: int, pids_root: int | None) -> None:
        self.outer = outer
        self.python_pid = python_pid
        self.pids_root = pids_root
        self.group: ControlGroup | None = None

    def interrupt(self, signal_number: int = signal.SIGINT) -> None:
        """Signal the interpreter alone, as the platform does; its children learn of it only from it."""
        _signal(self.python_pid, signal_number)

    def kill(self) -> None:
        """End every process of the container at once."""
        if self.pids_root is not None:
            _signal(self.pids_root, signal.SIGKILL)
            return
        for pid in self.pids():
            _signal(pid, signal.SIGKILL)

    def sweep(self) -> None:
        """End what the interpreter left running; inside bubblewrap nothing outlives the first process."""

    def pids(self) -> list[int]:
        """Every live process of the container."""
        top = self.pids_root or self.python_pid
        return [top, *_descendants(top)]

    async def wait(self) -> int:
        """Wait for the end.

        Returns:
            Exit code of the interpreter; 128 + n where signal n ended it.
        """
        code = await self.outer.wait()
        return 128 - code if code < 0 else code


async def first_child(parent: int) -> int:
    """The first child that a process starts.

    Raises:
        TimeoutError: It started none in time.
        ProcessLookupError: It ended.
    """
    children = Path(f"/proc/{parent}/task/{parent}/children")
    async with asyncio.timeout(CHILD_WAIT_S):
        while True:
            try:
                pids = children.read_text(encoding="ascii").split()
            except FileNotFoundError:
                raise ProcessLookupError(f"process {parent} ended before it started the container") from None
            if pids:
                return int(pids[0])
            await asyncio.sleep(POLL_S)


def _descendants(top: int) -> list[int]:
    children: dict[int, list[int]] = defaultdict(list)
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            parent = int(
                (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1]
            )
        except OSError:
            continue
        children[parent].append(int(folder.name))
    found: list[int] = []
    stack = [top]
    while stack:
        below = children[stack.pop()]
        found += below
        stack += below
    return found


def _signal(pid: int, signal_number: int) -> None:
    try:
        os.kill(pid, signal_number)
    except ProcessLookupError:
        return
