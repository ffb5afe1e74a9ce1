"""Private networks: a namespace with one address a rank of a cluster, or for one container alone."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from tminus.controlplane.sandbox.detect import Isolation
from tminus.controlplane.sandbox.relay import __file__ as relay_file

IPV6_PREFIX = "fdaa::"
IPV4_PREFIX = "10.100.0."
READY_TIMEOUT_S = 10.0


class PrivateNetwork:
    """A network namespace, held by a process that does nothing else.

    All ranks share the namespace; each has its own IPv6 and IPv4 address on the loopback interface. Outside,
    only the relayed ports of this machine's loopback can be reached; in reaches only what `lead_in` lets in.
    """

    def __init__(self, holder: asyncio.subprocess.Process, size: int) -> None:
        self._holder = holder
        self._asking = asyncio.Lock()
        self.ipv6 = [f"{IPV6_PREFIX}{rank + 1:x}" for rank in range(size)]
        self.ipv4 = [f"{IPV4_PREFIX}{rank + 1}" for rank in range(size)]

    @property
    def pid(self) -> int:
        """Process whose namespace ranks join."""
        return self._holder.pid

    def hosts(self, rank: int, hostname: str) -> str:
        """Hosts file of a rank: the client looks the rank's address up as ``i6pn.modal.local``."""
        lines = ["127.0.0.1 localhost", "::1 localhost", f"{self.ipv6[rank]} i6pn.modal.local"]
        for number, addresses in enumerate(zip(self.ipv4, self.ipv6, strict=True)):
            name = hostname if number == rank else f"rank-{number}"
            lines += [f"{address} {name}" for address in addresses]
        return "\n".join(lines) + "\n"

    @staticmethod
    async def create(
        size: int, isolation: Isolation, relayed: Mapping[int, Path] | None = None, *, eth0: bool = False
    ) -> PrivateNetwork:
        """Make a network for `size` ranks.

        Args:
            size: Number of ranks.
            isolation: What this machine allows.
            relayed: Port of this machine's loopback, the same inside, to the socket that leads to it.
            eth0: Whether the first address is that of an interface of this name. The client looks there for
                a web server, so that one which listens on loopback alone is not found, here as on Modal.

        Raises:
            RuntimeError: The machine does not allow it; the text says what it answered.
        """
        user = ["--user", "--map-root-user"] if isolation.user_namespace else []
        addresses = [f"ip -6 addr add {IPV6_PREFIX}{rank + 1:x}/128 dev lo nodad" for rank in range(size)]
        addresses += [f"ip addr add {IPV4_PREFIX}{rank + 1}/32 dev lo" for rank in range(eth0, size)]
        if eth0:
            # Either kind will do; which of them a kernel has differs.
            addresses.append("ip link add eth0 type dummy 2>/dev/null || ip link add eth0 type bridge")
            addresses += [f"ip addr add {IPV4_PREFIX}1/32 dev eth0", "ip link set eth0 up"]
        script = "\n".join(["set -e", "ip link set lo up", *addresses, 'exec "$@"'])
        relay = [
            sys.executable,
            "-I",
            relay_file,
            *(f"{port}={path}" for port, path in (relayed or {}).items()),
        ]
        holder = await asyncio.create_subprocess_exec(
            "unshare", *user, "--net", "sh", "-c", script, "sh", *relay,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert holder.stdout is not None
        assert holder.stderr is not None
        async with asyncio.timeout(READY_TIMEOUT_S):
            line = await holder.stdout.readline()
            if line.strip() != b"ready":
                reason = (await holder.stderr.read()).decode(errors="replace").strip()
                raise RuntimeError(f"cannot make a private network: {reason}")
        return PrivateNetwork(holder, size)

    async def lead_in(self, socket: Path, port: int) -> None:
        """Lead what connects to a socket of this machine to a port of this network's loopback.

        Raises:
            OSError: The network is gone.
        """
        assert self._holder.stdin is not None
        assert self._holder.stdout is not None
        async with self._asking, asyncio.timeout(READY_TIMEOUT_S):
            self._holder.stdin.write(f"{port}={socket}\n".encode())
            await self._holder.stdin.drain()
            if (await self._holder.stdout.readline()).strip() != b"ready":
                raise OSError(f"the private network cannot be entered at port {port}")

    async def close(self) -> None:
        """Take the network down."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._holder.pid, signal.SIGKILL)
        await self._holder.wait()
