"""Says what a container reaches: its own loopback, a large argument, the machine's loopback, and beyond."""

import json
import socket

import modal

app = modal.App("online")


def reached(host: str, port: int) -> str:
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError as error:
        return type(error).__name__
    return "yes"


@app.function()
def reach(port: int, large: bytes) -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        own = reached("127.0.0.1", server.getsockname()[1])
    interfaces = [name for _, name in socket.if_nameindex()]
    found = {"own": own, "machine": reached("127.0.0.1", port), "beyond": reached("198.51.100.1", 80)}
    return json.dumps({**found, "interfaces": interfaces, "bytes": len(large)})


@app.local_entrypoint()
def main(port: int):
    # Too large for a message: it goes by HTTP, on the machine's loopback.
    print("result:", reach.remote(port, bytes(5_000_000)))
