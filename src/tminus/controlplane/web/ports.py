"""A port of loopback for each web function."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web
from modal_proto import api_pb2

from tminus.controlplane.blobs import LOOPBACK
from tminus.controlplane.model import Message

# As the client's own proxy of a web server takes them (modal 1.6.4, modal/_runtime/asgi.py).
LINE_BYTES_MAX = 64 * 1024
# What is being answered when a port closes has this long to end.
CLOSE_GRACE_S = 1.0

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def web_methods(definition: Message) -> dict[str, Message]:
    """What of a function answers requests: method, empty for the function itself, to its settings."""
    if definition.webhook_config.type != api_pb2.WEBHOOK_TYPE_UNSPECIFIED:
        return {"": definition.webhook_config}
    return {
        name: method.webhook_config
        for name, method in definition.method_definitions.items()
        if method.webhook_config.type != api_pb2.WEBHOOK_TYPE_UNSPECIFIED
    }


def needs_own_network(definition: Message) -> bool:
    """Whether a function runs a server of its own, which has to listen on all interfaces of its container."""
    return any(config.type == api_pb2.WEBHOOK_TYPE_WEB_SERVER for config in web_methods(definition).values())


def write_urls(metadata: Message, definition: Message, urls: Mapping[str, str]) -> None:
    """Write the addresses of a function's web methods into what clients are told of it."""
    for name, url in urls.items():
        if name:
            metadata.method_handle_metadata[name].web_url = url
            definition.method_definitions[name].web_url = url
        else:
            metadata.web_url = url
            definition.web_url = url


class Port:
    """A listener on 127.0.0.1."""

    def __init__(self, handler: Handler) -> None:
        app = web.Application(client_max_size=0)
        app.router.add_route("*", "/{path:.*}", handler)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            # A caller that leaves ends the wait for its response.
            handler_cancellation=True,
            shutdown_timeout=CLOSE_GRACE_S,
            max_line_size=LINE_BYTES_MAX,
            max_field_size=LINE_BYTES_MAX,
        )
        self.url = ""

    async def open(self, wanted: int) -> None:
        """Listen, on the wanted port if it is free (0: none is wanted)."""
        await self._runner.setup()
        for port in dict.fromkeys((wanted, 0)):
            try:
                await web.TCPSite(self._runner, LOOPBACK, port).start()
            except OSError:
                if port == 0:
                    raise
                continue
            break
        self.url = f"http://{LOOPBACK}:{self._runner.addresses[0][1]}"

    async def close(self) -> None:
        """Close the port; requests that are being answered are cut off."""
        await self._runner.cleanup()
