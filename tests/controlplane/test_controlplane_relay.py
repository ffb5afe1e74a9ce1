"""Of the machine's loopback, a cluster reaches the ports that are relayed and no others."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from conftest import running_plane

pytestmark = pytest.mark.slow

# More than one chunk of the relay, less than a test should wait for.
BODY = b"x" * 300_000


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def port():
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_a_relayed_port_is_reached_and_another_is_not(tmp_path, isolation, port):
    if not isolation.cluster_network:
        pytest.skip("this machine gives no private network namespace")
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answer) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        with running_plane(tmp_path, relayed_ports=[port]) as plane:
            code, output = plane.run("reach.py", "--relayed", str(port), "--other", str(other.server_port))
        other.shutdown()
    assert code == 0, output
    assert BODY.decode() in output.replace("\n", "")
    assert "URLError" in output
