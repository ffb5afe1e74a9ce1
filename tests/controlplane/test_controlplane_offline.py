"""Containers without this machine's network: their own loopback, the service, and nothing else."""

from __future__ import annotations

import json
import socket

import pytest
from conftest import running_plane

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("network", [True, False])
def test_containers_reach_the_network_of_the_machine_only_where_they_may(network, isolation, tmp_path):
    if not isolation.cluster_network:
        pytest.skip("this machine gives no private network namespace")
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        running_plane(tmp_path, network=network) as plane,
    ):
        code, output = plane.run("online.py", "--port", str(server.getsockname()[1]))
    assert code == 0, output
    found = json.loads(next(line[8:] for line in output.splitlines() if line.startswith("result: ")))
    # What its arguments come by is served all the same.
    assert (found["own"], found["bytes"]) == ("yes", 5_000_000)
    assert (found["machine"] == "yes") == network
    assert (found["interfaces"] == ["lo"]) == (not network)
    assert network or found["beyond"] != "yes"
