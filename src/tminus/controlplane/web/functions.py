"""Web functions: their addresses, and requests as calls of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Protocol

from aiohttp import web
from modal_proto import api_pb2

from tminus.controlplane.backlog import refusal
from tminus.controlplane.model import (
    AppRecord,
    CallRecord,
    FunctionRecord,
    InputRecord,
    InputState,
    Message,
    new_id,
)
from tminus.controlplane.state import PlaneState
from tminus.controlplane.web import http, websocket
from tminus.controlplane.web.messages import request_input
from tminus.controlplane.web.ports import Port, web_methods, write_urls

_Key = tuple[str, str]


class Cancel(Protocol):
    """`Outcomes.cancel`."""

    def __call__(self, call: CallRecord, *, terminate_containers: bool) -> None:
        """Cancel what is left of a call."""


class WebFunctions:
    """Ports of all web functions.

    Args:
        state: Where the records are.
        enqueue: Queues an input.
        cancel: Cancels what is left of a call.
    """

    def __init__(
        self,
        state: PlaneState,
        enqueue: Callable[[InputRecord], None],
        cancel: Cancel,
    ) -> None:
        self._state = state
        self._enqueue = enqueue
        self._cancel = cancel
        self._ports: dict[_Key, Port] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._ending: set[asyncio.Task[None]] = set()

    async def reopen(self) -> None:
        """Give the web functions that an earlier control plane deployed their addresses back."""
        for function in list(self._state.functions.values()):
            if not self._state.app_of(function).stopping:
                write_urls(
                    function.metadata, function.definition, await self.open(function, function.definition)
                )

    async def open(self, function: FunctionRecord, source: Message) -> dict[str, str]:
        """Open the ports of a function's web methods; those that are open already stay as they are.

        Args:
            function: The function; another deployment of it keeps its addresses.
            source: Where its web methods are in: its definition, or the request that announces it.

        Returns:
            Name of the method, empty for a function itself, to its address.
        """
        urls = {}
        for name in web_methods(source):
            key = (function.id, name)
            if key not in self._ports:
                port = Port(partial(self._answer, key))
                before = function.metadata.method_handle_metadata[name] if name else function.metadata
                await port.open(int(before.web_url.rpartition(":")[2] or 0))
                self._ports[key] = port
                self._state.events.record(
                    "web_function_opened",
                    function=".".join(filter(None, (function.name, name))),
                    url=port.url,
                )
            urls[name] = self._ports[key].url
        return urls

    def close_app(self, app: AppRecord) -> None:
        """Close the ports of an app's functions."""
        for key in [key for key in self._ports if self._state.functions[key[0]].app_id == app.id]:
            task = asyncio.create_task(self._ports.pop(key).close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """Close every port."""
        for task in self._ending:
            task.cancel()
        await asyncio.gather(*self._closing, *(port.close() for port in self._ports.values()))

    async def _answer(self, key: _Key, request: web.Request) -> web.StreamResponse:
        function = self._state.functions[key[0]]
        app = self._state.app_of(function)
        config = web_methods(function.definition).get(key[1]) if function.definition is not None else None
        if config is None or not app.deployed_s or app.stopping:
            return web.Response(status=404, text="no such web function is deployed\n")
        if config.requires_proxy_auth and not self._may_pass(request):
            return web.Response(status=401, text="this web function asks for a proxy token\n")
        full = refusal(self._state.settings.facts, function, 1, waits=True)
        if full:
            return web.Response(status=429, text=f"{full}\n")
        upgrade = websocket.is_websocket(request)
        offered = websocket.subprotocols(request) if upgrade else None
        call = self._call(function, request_input(request, key[1], offered))
        try:
            if upgrade:
                return await websocket.hold(request, call, self._state.blobs)
            return await http.answer(request, call, self._state.blobs)
        except (asyncio.CancelledError, ConnectionError):
            # One that runs was told that its caller left, and ends as it sees fit.
            if call.inputs[0].state is InputState.QUEUED:
                self._cancel(call, terminate_containers=False)
            raise
        finally:
            self._forget(call)

    def _may_pass(self, request: web.Request) -> bool:
        """Whether a request shows a proxy token, in the headers that the platform asks for."""
        given = (request.headers.get("Modal-Key", ""), request.headers.get("Modal-Secret", ""))
        return self._state.store.proxy_tokens.accepts(*given)

    def _call(self, function: FunctionRecord, payload: Message) -> CallRecord:
        call = CallRecord(new_id("fc"), function.id, api_pb2.FUNCTION_CALL_INVOCATION_TYPE_SYNC)
        item = InputRecord(new_id("in"), call, 0, payload)
        call.inputs[0] = item
        self._state.calls[call.id] = call
        self._state.inputs[item.id] = item
        self._enqueue(item)
        return call

    def _forget(self, call: CallRecord) -> None:
        """Drop a call that nobody can ask about any more, once it has ended."""

        async def later() -> None:
            while call.unfinished:
                await call.changed.wait(60.0)
            self._state.calls.pop(call.id, None)
            self._state.inputs.pop(call.inputs[0].id, None)

        task = asyncio.create_task(later())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
