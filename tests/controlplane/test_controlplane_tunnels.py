"""Tunnels lead from loopback into a container, and nowhere once it is gone."""

from __future__ import annotations

import re
import signal
import socket
import ssl
import stat
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def _ask(address: tuple[str, int], context: ssl.SSLContext | None = None) -> bytes:
    with socket.create_connection(address, timeout=10) as connection:
        if context is not None:
            connection = context.wrap_socket(connection, server_hostname=address[0])
        connection.sendall(b"word\n")
        return connection.recv(100)


@pytest.mark.parametrize("which", ["plain", "clustered"])
def test_a_forwarded_port_is_reached_with_tls_and_without(shared_plane, isolation, which):
    if which == "clustered" and not isolation.cluster_network:
        pytest.skip("this machine gives no private network namespace")
    process = shared_plane.start("tunnels.py", "--which", which)
    assert process.stdout is not None
    output = ""
    while not (found := re.search(r"tls: (\S+) (\d+) tcp: (\S+) (\d+)", output)):
        line = process.stdout.readline()
        assert line, output
        output += line
    tls, tcp = (found[1], int(found[2])), (found[3], int(found[4]))
    assert tls[0] == tcp[0] == "127.0.0.1"
    folder = Path(shared_plane.plane.client_environment()["MODAL_CONFIG_PATH"]).parent / "tls"
    assert stat.S_IMODE((folder / "key.pem").stat().st_mode) == 0o600
    context = ssl.create_default_context(cafile=folder / "certificate.pem")
    assert _ask(tls, context) == b"echo word\n"
    assert _ask(tcp) == b"echo word\n"
    assert "is already forwarded" in output
    if which == "plain":
        closed = re.search(r"was at https://(\S+):(\d+)", output)
        assert closed is not None
        with pytest.raises(ConnectionRefusedError):
            _ask((closed[1], int(closed[2])), context)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    shared_plane.wait_for(lambda: all(c.state == "exited" for c in shared_plane.plane.containers()))
    with pytest.raises(ConnectionRefusedError):
        _ask(tcp)
