"""The local hub's server: a thread with an event loop, listening on loopback only."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from tminus.rehearse.hub.address import parse_address
from tminus.rehearse.hub.catalogue import Catalogue, Resolve
from tminus.rehearse.hub.repository import RepoKind
from tminus.rehearse.hub.routes import Routes

_HOST = "127.0.0.1"
# The client gives up on a file's headers after 10 s by default; making a stand-in on the first request,
# on a busy machine, can take longer.
_CLIENT_TIMEOUT_S = 120


@dataclass(frozen=True, slots=True)
class HubRequest:
    """A request that was answered.

    Attributes:
        time: Seconds since the epoch.
        method: HTTP method.
        path: As sent, without the query.
        status: HTTP status of the answer.
        kind: Of the repository that was asked for, None if the path names none.
        repo_id: Of that repository.
    """

    time: float
    method: str
    path: str
    status: int
    kind: RepoKind | None
    repo_id: str | None


class LocalHub:
    """Serves folders as the hub's repositories on 127.0.0.1, from its own thread.

    With ``HF_ENDPOINT`` set to `url`, unmodified huggingface_hub, transformers and datasets read from here.
    Files of models that the hub gates (``gated`` in the facts) are refused without a token; any token will
    do. Uploads are refused.

    Use as a context manager, or `start` and `stop`.

    Args:
        models: Hub name to folder.
        datasets: Hub name to folder.
        resolve: Called, from another thread, on the first request for a repository that is not given; gives
            its folder, or None or a LookupError whose message reaches the client.
        on_request: Called, from the hub's thread, after each answer.
    """

    def __init__(
        self,
        models: Mapping[str, Path],
        datasets: Mapping[str, Path],
        *,
        resolve: Resolve | None = None,
        on_request: Callable[[HubRequest], None] | None = None,
    ) -> None:
        self._routes = Routes(Catalogue(models, datasets, resolve))
        self._on_request = on_request
        self._requests: list[HubRequest] = []
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._port: int | None = None
        self._failure: BaseException | None = None

    @property
    def port(self) -> int:
        """The port on 127.0.0.1 that it listens on.

        Raises:
            RuntimeError: The hub is not running.
        """
        if self._port is None:
            raise RuntimeError("the local hub is not running: use it in a with block, or call start()")
        return self._port

    @property
    def url(self) -> str:
        """The address for ``HF_ENDPOINT``.

        Raises:
            RuntimeError: The hub is not running.
        """
        return f"http://{_HOST}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables for processes that are to read from here and nowhere else."""
        return {
            "HF_ENDPOINT": self.url,
            "HF_HUB_ETAG_TIMEOUT": str(_CLIENT_TIMEOUT_S),
            "HF_HUB_DOWNLOAD_TIMEOUT": str(_CLIENT_TIMEOUT_S),
            "HF_HUB_DISABLE_TELEMETRY": "1",
            # A proxy of the machine must not be asked for a loopback address.
            "NO_PROXY": f"{_HOST},localhost",
            "no_proxy": f"{_HOST},localhost",
        }

    @property
    def requests(self) -> tuple[HubRequest, ...]:
        """All requests so far, in the order of their answers."""
        return tuple(self._requests)

    @property
    def repositories(self) -> tuple[tuple[RepoKind, str], ...]:
        """The repositories asked for, each once, in the order of the first request for it."""
        asked = {
            (request.kind, request.repo_id): None
            for request in self._requests
            if request.kind is not None and request.repo_id is not None
        }
        return tuple(asked)

    def start(self) -> None:
        """Listen on a free port of loopback; returns when requests are accepted.

        Raises:
            OSError: The port cannot be opened.
        """
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="tminus-hub", daemon=True)
        self._thread.start()
        ready.wait()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Stop listening and wait for the thread; does nothing if the hub is not running."""
        if self._thread is None:
            return
        if self._loop is not None and self._stopping is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._thread = self._port = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _run(self, ready: threading.Event) -> None:
        try:
            asyncio.run(self._serve(ready))
        except BaseException as error:
            self._failure = error
        finally:
            ready.set()

    async def _serve(self, ready: threading.Event) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        try:
            site = web.TCPSite(runner, _HOST, 0)
            await site.start()
            self._port = runner.addresses[0][1]
            ready.set()
            await self._stopping.wait()
        finally:
            await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        status = 500
        try:
            response = await self._routes.handle(request)
            status = response.status
            return response
        finally:
            self._note(request, status)

    def _note(self, request: web.Request, status: int) -> None:
        address = parse_address(request.rel_url.raw_path)
        noted = HubRequest(
            time=time.time(),
            method=request.method,
            path=request.rel_url.raw_path,
            status=status,
            kind=address.kind if address is not None else None,
            repo_id=address.repo_id if address is not None else None,
        )
        self._requests.append(noted)
        if self._on_request is not None:
            self._on_request(noted)
