"""One command in a container: what it prints, what it is given, how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import struct
import termios
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

from tminus.controlplane.waiting import Changed

CHUNK_BYTES = 1 << 16
POLL_S = 55.0


@dataclass(slots=True, eq=False)
class Output:
    """Everything that came through one stream so far."""

    data: bytearray = field(default_factory=bytearray)
    complete: bool = False
    changed: Changed = field(default_factory=Changed)

    def add(self, data: bytes) -> None:
        """More came; nothing more will, where it is empty."""
        self.data += data
        self.complete = not data
        self.changed.notify()

    async def follow(self, offset: int) -> AsyncIterator[bytes]:
        """What stands behind an offset, and what follows, to the end."""
        while True:
            while piece := bytes(self.data[offset : offset + CHUNK_BYTES]):
                offset += len(piece)
                yield piece
            if self.complete:
                return
            await self.changed.wait(POLL_S)


class Execution:
    """A running command.

    Attributes:
        stdout: Its standard output; with a terminal, all output.
        stderr: Its standard error.
        written: Bytes that it was given so far.
    """

    def __init__(self, process: asyncio.subprocess.Process, terminal: int | None) -> None:
        self._process = process
        self._terminal = terminal
        self.stdout, self.stderr = Output(), Output()
        self.written = 0
        self._tasks = [asyncio.create_task(self._run())]

    @staticmethod
    async def start(
        command: Sequence[str], environment: Mapping[str, str], terminal_size: tuple[int, int] | None
    ) -> Execution:
        """Start a command.

        Args:
            command: The whole command line.
            environment: Its variables; it gets no others.
            terminal_size: Rows and columns of a terminal for it; None where it gets pipes.

        Raises:
            OSError: It cannot be started.
        """
        if terminal_size is None:
            pipe = asyncio.subprocess.PIPE
            process = await asyncio.create_subprocess_exec(
                *command, env=environment, stdin=pipe, stdout=pipe, stderr=pipe
            )
            return Execution(process, None)
        ours, theirs = pty.openpty()
        try:
            fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", *terminal_size, 0, 0))
            process = await asyncio.create_subprocess_exec(
                *command, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
            )
        except BaseException:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        return Execution(process, ours)

    @property
    def status(self) -> int | None:
        """Its exit code, the negative number of the signal that ended it, or None while it runs."""
        return self._process.returncode

    async def wait(self) -> int:
        """Wait for its end and for the end of what it prints."""
        await asyncio.gather(*self._tasks)
        code = self._process.returncode
        assert code is not None
        return code

    async def write(self, offset: int, data: bytes, *, eof: bool) -> None:
        """Give it input that begins at an offset; what it has of that already is left out."""
        new = data[max(0, self.written - offset) :]
        self.written += len(new)
        with contextlib.suppress(OSError):
            if self._terminal is not None:
                # The end of input is a character of its own on a terminal.
                await asyncio.to_thread(os.write, self._terminal, new + (b"\x04" if eof else b""))
                return
            assert self._process.stdin is not None
            self._process.stdin.write(new)
            await self._process.stdin.drain()
            if eof:
                self._process.stdin.close()

    def kill(self) -> None:
        """End it."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def _run(self) -> None:
        if self._terminal is not None:
            await self._read_terminal(self._terminal)
            self.stderr.add(b"")
        else:
            assert self._process.stdout is not None
            assert self._process.stderr is not None
            await asyncio.gather(
                _read(self._process.stdout, self.stdout), _read(self._process.stderr, self.stderr)
            )
        await self._process.wait()

    async def _read_terminal(self, terminal: int) -> None:
        try:
            while True:
                try:
                    data = await asyncio.to_thread(os.read, terminal, CHUNK_BYTES)
                except OSError:  # EIO: nobody has the other end any more
                    data = b""
                self.stdout.add(data)
                if not data:
                    return
        finally:
            self._terminal = None
            os.close(terminal)


async def _read(stream: asyncio.StreamReader, output: Output) -> None:
    while data := await stream.read(CHUNK_BYTES):
        output.add(data)
    output.add(b"")
