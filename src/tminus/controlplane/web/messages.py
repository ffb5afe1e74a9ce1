"""ASGI messages as the client's containers take and give them (modal 1.6.4, modal/_serialization.py).

A request is an input whose only argument is the ASGI scope. What follows, the body above all, goes through
the call's incoming stream, the response through its outgoing stream, each as `Asgi` messages.
"""

from __future__ import annotations

import pickle
from collections.abc import AsyncIterator, Sequence
from typing import Any

from aiohttp import web
from modal_proto import api_pb2

from tminus.controlplane.blobs import BlobStore
from tminus.controlplane.model import CallRecord, Message

# A call's stream wakes whoever waits for it; this only bounds how long a lost wake could last.
POLL_S = 55.0
# Of one connection to this machine only, and made anew for the next one (RFC 9110, section 7.6.1).
HOP_BY_HOP = {b"connection", b"keep-alive", b"te", b"trailer", b"transfer-encoding", b"upgrade"}
_PICKLE_PROTOCOL = 4


def request_input(request: web.Request, method_name: str, subprotocols: Sequence[str] | None) -> Message:
    """The input that a request becomes.

    Args:
        request: The request.
        method_name: Method of a class that answers it; empty for a function.
        subprotocols: Those that a websocket offers; None where it is none.
    """
    peer = request.transport.get_extra_info("peername") if request.transport is not None else None
    scope: dict[str, Any] = {
        "type": "http" if subprotocols is None else "websocket",
        "http_version": f"{request.version.major}.{request.version.minor}",
        "scheme": "http" if subprotocols is None else "ws",
        "path": request.path,
        "query_string": request.rel_url.raw_query_string.encode("ascii"),
        "headers": [
            (name.lower(), value)
            for name, value in request.raw_headers
            if name.lower() not in HOP_BY_HOP or subprotocols is not None
        ],
    }
    if peer is not None:
        scope["client"] = tuple(peer[:2])
    if subprotocols is None:
        scope["method"] = request.method
        scope["extensions"] = {"http.response.trailers": {}}
    else:
        scope["subprotocols"] = list(subprotocols)
    return api_pb2.FunctionInput(
        args=pickle.dumps(((scope,), {}), protocol=_PICKLE_PROTOCOL),
        data_format=api_pb2.DATA_FORMAT_PICKLE,
        method_name=method_name,
    )


def send(call: CallRecord, message: Message) -> None:
    """Put a message on a call's incoming stream."""
    call.incoming.append(
        api_pb2.DataChunk(
            data_format=api_pb2.DATA_FORMAT_ASGI,
            data=message.SerializeToString(),
            index=len(call.incoming) + 1,
        )
    )
    call.changed.notify()


async def responses(call: CallRecord, blobs: BlobStore) -> AsyncIterator[Message]:
    """What the container answers, until the call has its result. What was read is not kept.

    An attempt that begins anew, after a preemption say, does not repeat what was read of the last one.
    """
    last = 0
    while True:
        finished = bool(call.inputs) and not call.unfinished
        pending, call.chunks = call.chunks, []
        for chunk in pending:
            if chunk.index > last:
                last = chunk.index
                data = blobs.blob_path(chunk.data_blob_id).read_bytes() if chunk.data_blob_id else chunk.data
                yield api_pb2.Asgi.FromString(data)
        if finished:
            return
        if not call.chunks:
            await call.changed.wait(POLL_S)


def headers_of(flat: Sequence[bytes]) -> list[tuple[str, str]]:
    """Headers of a response, from names and values in turn; without those of one connection only."""
    pairs = zip(flat[::2], flat[1::2], strict=True)
    return [(n.decode("latin-1"), v.decode("latin-1")) for n, v in pairs if n.lower() not in HOP_BY_HOP]
