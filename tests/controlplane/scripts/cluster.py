"""Two ranks that find each other and say hello over TCP."""

import os
import socket
import time
from pathlib import Path

import modal

app = modal.App("cluster")
marks = modal.Volume.from_name("cluster-marks", create_if_missing=True)


def meet() -> dict:
    cluster = modal.Cluster.from_context()
    rank, addresses = cluster.container_rank(), cluster.container_ips()
    ipv4 = cluster.container_ips(family="ipv4")
    if rank == 0:
        with socket.create_server((addresses[0], 29500), family=socket.AF_INET6) as server:
            connection, peer = server.accept()
            with connection:
                word = connection.recv(100).decode()
        return {
            "rank": rank,
            "ips": addresses,
            "ipv4": ipv4,
            "heard": word,
            "from": peer[0],
            "containers": cluster.container_ids(),
        }
    for _ in range(100):
        try:
            source = (addresses[rank], 0)
            with socket.create_connection((addresses[0], 29500), source_address=source) as connection:
                connection.sendall(f"hello from rank {rank}".encode())
            break
        except OSError:
            time.sleep(0.1)
    return {"rank": rank}


@app.function(gpu="H100:8", timeout=60)
@modal.clustered(size=2)
def hello() -> dict:
    assert os.environ["NCCL_HOSTID"]
    return meet()


@app.function(gpu="H100:8", volumes={"/marks": marks}, timeout=90)
@modal.clustered(size=2)
def interrupted() -> dict:
    rank = modal.Cluster.from_context().container_rank()
    if not list(Path("/marks").iterdir()):
        if rank == 0:
            time.sleep(1)
            Path("/marks/first").touch()
            marks.commit()
        print(f"rank {rank} waits", flush=True)
        time.sleep(60)
    return meet()


@app.function(gpu="H100:8", timeout=60)
@modal.clustered(size=2)
def second_rank_fails() -> None:
    if modal.Cluster.from_context().container_rank() == 1:
        raise RuntimeError("rank 1 broke")
    time.sleep(60)


@app.local_entrypoint()
def main(what: str = "hello"):
    print("result:", app.registered_functions[what].remote())
