"""Ports of containers that are forwarded: one with TLS, one without as well, one in a cluster's network."""

import socketserver
import threading
import time

import modal

app = modal.App("tunnels")


class Echo(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.wfile.write(b"echo " + self.rfile.readline())


def serve() -> int:
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def forward() -> None:
    port = serve()
    with modal.forward(port, unencrypted=True) as tunnel:
        try:
            with modal.forward(port):
                pass
        except modal.exception.InvalidError as error:
            print("twice:", error, flush=True)
        print("tls:", *tunnel.tls_socket, "tcp:", *tunnel.tcp_socket, flush=True)
        time.sleep(60)


@app.function(timeout=60)
def plain() -> None:
    port = serve()
    with modal.forward(port) as tunnel:
        print("was at", tunnel.url, flush=True)
    forward()


@app.function(gpu="H100:8", timeout=60)
@modal.clustered(size=1)
def clustered() -> None:
    forward()


@app.local_entrypoint()
def main(which: str):
    app.registered_functions[which].remote()
