"""Tunnels: ports of containers on ports of this machine's loopback (`modal.forward`)."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tminus.controlplane.blobs import LOOPBACK
from tminus.controlplane.certificate import server_context
from tminus.controlplane.containers import Container
from tminus.controlplane.sandbox.relay import Streams, leading_to
from tminus.controlplane.state import Settings

TLS = "tls"


@dataclass(frozen=True, slots=True)
class Tunnel:
    """A port of a container that can be reached from outside.

    Attributes:
        port: The container's own port.
        tls_port: Port of loopback where TLS is spoken.
        tcp_port: Port of loopback where what comes is passed on as it is; 0 where that was not asked for.
        servers: What listens there.
    """

    port: int
    tls_port: int
    tcp_port: int
    servers: tuple[asyncio.Server, ...]

    def close(self) -> None:
        """Let nothing new in; what is connected stays so."""
        for server in self.servers:
            server.close()


class Tunnels:
    """Every open tunnel.

    Args:
        settings: Where certificate and sockets go.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._open: dict[tuple[str, int], Tunnel] = {}

    async def open(self, container: Container, port: int, *, unencrypted: bool, h2: bool) -> Tunnel | None:
        """Open a tunnel; None where the container has one to this port.

        Raises:
            OSError: There is no certificate, or the container's network cannot be entered.
        """
        key = (container.task_id, port)
        if key in self._open:
            return None
        context = await asyncio.to_thread(server_context, self._settings.state_dir / TLS, h2=h2)
        handler = leading_to(await self._way_in(container, port))
        servers = [await asyncio.start_server(handler, LOOPBACK, 0, ssl=context)]
        if unencrypted:
            servers.append(await asyncio.start_server(handler, LOOPBACK, 0))
        ports = [int(server.sockets[0].getsockname()[1]) for server in servers]
        tunnel = Tunnel(port, ports[0], ports[1] if unencrypted else 0, tuple(servers))
        self._open[key] = tunnel
        return tunnel

    async def _way_in(self, container: Container, port: int) -> Callable[[], Awaitable[Streams]]:
        """What connects to a port of a container: through a socket where it has a network of its own."""
        network = container.network
        if network is None:
            return lambda: asyncio.open_connection(LOOPBACK, port)
        socket = self._settings.socket_dir / f"tunnel-{secrets.token_hex(4)}.sock"
        await network.lead_in(socket, port)
        return lambda: asyncio.open_unix_connection(str(socket))

    def close(self, container: Container, port: int) -> bool:
        """Close a tunnel; False where there is none."""
        tunnel = self._open.pop((container.task_id, port), None)
        if tunnel is None:
            return False
        tunnel.close()
        return True

    def close_all(self, container: Container) -> None:
        """Close every tunnel of a container that is gone."""
        for task_id, port in list(self._open):
            if task_id == container.task_id:
                self.close(container, port)
