"""One websocket, held by a function's container."""

from __future__ import annotations

import asyncio

from aiohttp import WSMsgType, web
from modal_proto import api_pb2

from tminus.controlplane.blobs import BlobStore
from tminus.controlplane.model import CallRecord, Message
from tminus.controlplane.web.messages import responses, send

# RFC 6455, section 7.4.1: something unexpected kept the server from going on; no word of an end came.
_INTERNAL_ERROR = 1011
_CUT_OFF = 1006


def is_websocket(request: web.Request) -> bool:
    """Whether a request asks for a websocket."""
    return request.headers.get("Upgrade", "").lower() == "websocket"


def subprotocols(request: web.Request) -> list[str]:
    """Those that a websocket offers, in its order."""
    offered = request.headers.get("Sec-WebSocket-Protocol", "")
    return [name.strip() for name in offered.split(",") if name.strip()]


async def hold(request: web.Request, call: CallRecord, blobs: BlobStore) -> web.StreamResponse:
    """Pass messages both ways until either side closes; 403 where the application does not accept."""
    send(call, api_pb2.Asgi(websocket_connect=api_pb2.Asgi.WebsocketConnect()))
    socket: web.WebSocketResponse | None = None
    incoming: asyncio.Task[None] | None = None
    code, reason = _INTERNAL_ERROR, ""
    try:
        async for message in responses(call, blobs):
            if message.HasField("websocket_accept") and socket is None:
                chosen = message.websocket_accept.subprotocol
                socket = web.WebSocketResponse(protocols=[chosen] if chosen else [])
                await socket.prepare(request)
                incoming = asyncio.create_task(_receive(socket, call))
            elif message.HasField("websocket_send") and socket is not None:
                await _pass_on(socket, message.websocket_send)
            elif message.HasField("websocket_close"):
                code, reason = message.websocket_close.code or 1000, message.websocket_close.reason
                break
    finally:
        if incoming is not None:
            incoming.cancel()
    if socket is None:
        return web.Response(status=403, text="the application did not accept the websocket\n")
    await socket.close(code=code, message=reason.encode())
    return socket


async def _pass_on(socket: web.WebSocketResponse, message: Message) -> None:
    if socket.closed:
        return
    if message.HasField("text"):
        await socket.send_str(message.text)
    else:
        await socket.send_bytes(message.bytes)


async def _receive(socket: web.WebSocketResponse, call: CallRecord) -> None:
    """Pass on what the caller sends, then that it left: also where its connection was cut."""
    try:
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                send(call, api_pb2.Asgi(websocket_receive=api_pb2.Asgi.WebsocketReceive(text=message.data)))
            elif message.type is WSMsgType.BINARY:
                send(call, api_pb2.Asgi(websocket_receive=api_pb2.Asgi.WebsocketReceive(bytes=message.data)))
    finally:
        code = socket.close_code or _CUT_OFF
        send(call, api_pb2.Asgi(websocket_disconnect=api_pb2.Asgi.WebsocketDisconnect(code=code)))
