"""Asking a local service whether it answers, as the client would."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from grpclib.client import Channel
from grpclib.exceptions import GRPCError, ProtocolError, StreamTerminatedError
from modal_proto import api_pb2
from modal_proto.api_grpc import ModalClientStub

from tminus.controlplane.blobs import LOOPBACK

TIMEOUT_S = 5.0
_LIVE = {api_pb2.APP_STATE_EPHEMERAL, api_pb2.APP_STATE_DETACHED}


@dataclass(frozen=True, slots=True)
class Health:
    """What a service that answered says of itself.

    Attributes:
        deployed: Apps that are deployed.
        running: Apps of `modal run`, detached ones among them.
        containers: Live containers.
    """

    deployed: int
    running: int
    containers: int


def ask(url: str, credentials: tuple[str, str]) -> Health | None:
    """Ask a service; None where it does not answer in time, or refuses the token."""
    try:
        return asyncio.run(_ask(int(url.rpartition(":")[2]), credentials))
    except (OSError, TimeoutError, GRPCError, ProtocolError, StreamTerminatedError):
        return None


async def _ask(port: int, credentials: tuple[str, str]) -> Health:
    metadata = {"x-modal-token-id": credentials[0], "x-modal-token-secret": credentials[1]}
    channel = Channel(LOOPBACK, port)
    try:
        stub = ModalClientStub(channel)
        apps = await stub.AppList(api_pb2.AppListRequest(), metadata=metadata, timeout=TIMEOUT_S)
        tasks = await stub.TaskList(api_pb2.TaskListRequest(), metadata=metadata, timeout=TIMEOUT_S)
    finally:
        channel.close()
    return Health(
        deployed=sum(app.state == api_pb2.APP_STATE_DEPLOYED for app in apps.apps),
        running=sum(app.state in _LIVE for app in apps.apps),
        containers=len(tasks.tasks),
    )
