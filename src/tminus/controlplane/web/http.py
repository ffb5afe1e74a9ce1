"""One HTTP request, answered by a function's container."""

from __future__ import annotations

import asyncio
import contextlib

from aiohttp import web
from modal_proto import api_pb2

from tminus.controlplane.blobs import BlobStore
from tminus.controlplane.model import CallRecord, Message
from tminus.controlplane.results import status_name
from tminus.controlplane.web.messages import headers_of, responses, send


async def answer(request: web.Request, call: CallRecord, blobs: BlobStore) -> web.StreamResponse:
    """Pass a request's body on, and the response back as it comes.

    A function that fails before it began to answer answers 500; later the connection is cut, so that nobody
    takes half of a response for a whole one.
    """
    body = asyncio.create_task(_send_body(request, call))
    response: web.StreamResponse | None = None
    complete = False
    try:
        async for message in responses(call, blobs):
            if message.HasField("http_response_start") and response is None:
                response = _begin(message.http_response_start)
                await response.prepare(request)
            elif message.HasField("http_response_body") and response is not None:
                if message.http_response_body.body:
                    await response.write(message.http_response_body.body)
                if not message.http_response_body.more_body:
                    complete = True
                    break
    except (asyncio.CancelledError, ConnectionError):
        send(call, api_pb2.Asgi(http_disconnect=api_pb2.Asgi.HttpDisconnect()))
        raise
    finally:
        body.cancel()
    if response is None:
        return web.Response(status=500, text=_what_failed(call))
    if complete:
        await response.write_eof()
    elif request.transport is not None:
        request.transport.abort()
    return response


def _begin(start: Message) -> web.StreamResponse:
    response = web.StreamResponse(status=start.status)
    for name, value in headers_of(start.headers):
        response.headers.add(name, value)
    return response


async def _send_body(request: web.Request, call: CallRecord) -> None:
    """A body in the pieces in which it comes; the last one is empty."""
    with contextlib.suppress(ConnectionError):
        async for piece in request.content.iter_any():
            send(call, api_pb2.Asgi(http_request=api_pb2.Asgi.HttpRequest(body=piece, more_body=True)))
        send(call, api_pb2.Asgi(http_request=api_pb2.Asgi.HttpRequest(body=b"", more_body=False)))


def _what_failed(call: CallRecord) -> str:
    result = call.inputs[0].output.result
    if result.status == api_pb2.GenericResult.GENERIC_STATUS_SUCCESS:
        return "the function ended without a response\n"
    return f"the function failed ({status_name(result.status)}): {result.exception}\n"
