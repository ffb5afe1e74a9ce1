"""Ports of loopback, reachable from a private network or in one.

Sockets with a path cross network namespaces: outside, one leads to the port; inside, a process listens on
the same port and leads to the socket. That process is this file, run by itself: it needs nothing but the
standard library.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

_LOOPBACK = "127.0.0.1"
_CHUNK_BYTES = 1 << 16

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def relay_to_port(port: int, socket: Path) -> asyncio.Server:
    """Lead what connects to `socket` to a port of this namespace's loopback."""
    return await asyncio.start_unix_server(
        leading_to(lambda: asyncio.open_connection(_LOOPBACK, port)), path=str(socket)
    )


async def _relay_to_sockets(sockets: Mapping[int, str]) -> None:
    """Lead each port of this namespace's loopback to its socket, until standard input ends.

    A line of standard input asks for a way in: ``port=socket`` leads what connects to the socket to the port.
    """
    for port, socket in sockets.items():
        handler = leading_to(lambda socket=socket: asyncio.open_unix_connection(socket))  # type: ignore[misc]
        await asyncio.start_server(handler, _LOOPBACK, port)
    print("ready", flush=True)
    ways_in = []
    # It ends with its input, so also when the control plane is killed.
    while line := await asyncio.to_thread(sys.stdin.readline):
        port, _, socket = line.rstrip("\n").partition("=")
        ways_in.append(await relay_to_port(int(port), Path(socket)))
        print("ready", flush=True)


def leading_to(connect: Callable[[], Awaitable[Streams]]) -> Callable[..., Awaitable[None]]:
    """What handles a connection: passes everything both ways between it and another one made for it."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            other_reader, other_writer = await connect()
            await asyncio.gather(_copy(reader, other_writer), _copy(other_reader, writer))
        writer.close()

    return handle


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while chunk := await reader.read(_CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
    except OSError:
        return
    finally:
        with contextlib.suppress(OSError):
            writer.write_eof() if writer.can_write_eof() else writer.close()


if __name__ == "__main__":
    pairs = (argument.partition("=") for argument in sys.argv[1:])
    asyncio.run(_relay_to_sockets({int(port): socket for port, _, socket in pairs}))
