"""A local Modal for the duration of a `with` block."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from grpclib.server import Server

from tminus.controlplane.access import ENVIRONMENT, client_environment, new_credentials
from tminus.controlplane.blobs import LOOPBACK, BlobStore
from tminus.controlplane.containers import Container, Interruption
from tminus.controlplane.events import Event, EventLog
from tminus.controlplane.folders import lock, socket_folder
from tminus.controlplane.image_builder import ImageBuilder
from tminus.controlplane.model import ContainerRecord
from tminus.controlplane.restore import restore
from tminus.controlplane.rpc_errors import RpcErrors
from tminus.controlplane.runner import ContainerRunner
from tminus.controlplane.sandbox import Bind, Interpreter, Isolation, OfflineNetwork
from tminus.controlplane.sandbox.relay import relay_to_port
from tminus.controlplane.scheduler import Scheduler
from tminus.controlplane.service import Service
from tminus.controlplane.service.base import Caller
from tminus.controlplane.service.endpoint import Endpoint
from tminus.controlplane.service.router import CommandRouter
from tminus.controlplane.state import PlaneState, Settings
from tminus.controlplane.store import Store
from tminus.controlplane.volumes import VolumeStore
from tminus.facts import Facts

START_TIMEOUT_S = 30.0


class ControlPlane:
    """Modal's service on 127.0.0.1, with containers on this machine.

    The unmodified client talks to it: run it with `client_environment` added to its environment. All methods
    may be called from any thread.

    Args:
        state_dir: Folder for records, volumes, contents and ``events.jsonl``. What an earlier control plane
            left there is taken up again: deployed apps, secrets, volumes and so on.
        facts: The platform's documented limits.
        isolation: What containers run in; detected where it is None.
        container_env: Variables for every container, over those of its image and secrets.
        container_binds: Paths of this machine that every container sees.
        container_path_prepend: Folders of this machine to put first on every container's PYTHONPATH.
        on_event: Called with each event, from any thread.
        workspace_plan: Plan whose concurrency limits hold.
        secrets: Named secrets that exist: name to variables.
        stand_in_secrets: Whether an unknown named secret is made up, with placeholders for its required keys.
        relayed_ports: Ports of this machine's loopback that containers of a cluster can reach as well; other
            containers share the machine's network.
        port: Port of the service; any free one where it is 0.
        any_port_if_taken: Whether another port will do where that one is taken.
        credentials: Token id and secret that clients have to show; made up where it is None.
        events_kept: Events that are kept in memory; all of them where it is None.
        end_grace_s: Seconds that containers have at the end to finish in good order before they are killed.
        rpc_errors: Which calls of containers fail on their way; none where it is None.
        commit_delay_s: Seconds by which every commit of a volume is late.
        interpreter: What runs containers, with its packages and its client; this one where it is None.
        image_builder: Makes environments with the packages of images, which run their containers then.
        network: Whether containers share this machine's network. Else they reach a loopback of their own,
            relayed ports and this service, where this machine can give them such a network.

    Raises:
        OSError: Another control plane works in the folder.
        StoreError: The records in the folder cannot be used.
    """

    def __init__(
        self,
        state_dir: Path,
        *,
        facts: Facts,
        isolation: Isolation | None = None,
        container_env: Mapping[str, str] | None = None,
        container_binds: Sequence[Bind] = (),
        container_path_prepend: Sequence[Path] = (),
        on_event: Callable[[Event], None] | None = None,
        workspace_plan: str = "team",
        secrets: Mapping[str, Mapping[str, str]] | None = None,
        stand_in_secrets: bool = False,
        relayed_ports: Sequence[int] = (),
        port: int = 0,
        any_port_if_taken: bool = False,
        credentials: tuple[str, str] | None = None,
        events_kept: int | None = None,
        end_grace_s: float = 0.0,
        rpc_errors: RpcErrors | None = None,
        commit_delay_s: float = 0.0,
        interpreter: Interpreter | None = None,
        image_builder: ImageBuilder | None = None,
        network: bool = True,
    ) -> None:
        state_dir = state_dir.resolve()
        state_dir.mkdir(parents=True, exist_ok=True)
        state_dir.chmod(0o700)
        self._lock = lock(state_dir)
        self._sockets = socket_folder()
        self._ports = [port, 0] if any_port_if_taken else [port]
        self._end_grace_s = end_grace_s
        self._token = credentials or new_credentials()
        self._events = EventLog(state_dir / "events.jsonl", on_event, events_kept)
        self._events.hide([self._token[1]])
        self._config = state_dir / "modal.toml"
        self._config.write_text("", encoding="utf-8")
        store = Store(state_dir, facts)
        self.volumes = VolumeStore(state_dir / "volumes", store.database)
        isolation = isolation or Isolation.detect(state_dir)
        self._state = PlaneState(
            Settings(
                state_dir=state_dir,
                socket_dir=self._sockets,
                facts=facts,
                plan=facts.plan(workspace_plan),
                isolation=isolation,
                interpreter=interpreter or Interpreter.own(),
                image_builder=image_builder,
                environment_name=ENVIRONMENT,
                container_env=dict(container_env or {}),
                container_binds=tuple(container_binds),
                container_path_prepend=tuple(container_path_prepend),
                secrets=dict(secrets or {}),
                stand_in_secrets=stand_in_secrets,
                relayed={port: self._sockets / f"port-{port}.sock" for port in relayed_ports},
                commit_delay_s=commit_delay_s,
                offline=not network and isolation.cluster_network,
            ),
            self._events,
            store,
            self.volumes,
            BlobStore(state_dir / "contents"),
        )
        shutil.rmtree(state_dir / "containers", ignore_errors=True)
        restore(self._state)
        self._rpc_errors = rpc_errors
        self._servers: dict[str, Server] = {}
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._error: BaseException | None = None
        self.url = ""

    @property
    def isolation(self) -> Isolation:
        """What containers run in, and what that cannot show."""
        return self._state.settings.isolation

    @property
    def network(self) -> bool:
        """Whether containers reach what this machine reaches."""
        return not self._state.settings.offline

    @classmethod
    @contextmanager
    def running(cls, state_dir: Path, **settings: Any) -> Iterator[ControlPlane]:
        """Make a control plane, as the constructor does, and serve until the block ends.

        Raises:
            OSError: The service could not be started.
        """
        plane = cls(state_dir, **settings)
        with plane.serving():
            yield plane

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Serve, in a thread, until the block ends; then every container is stopped.

        Raises:
            OSError: The service could not be started.
        """
        thread = threading.Thread(target=self._serve, name="tminus-controlplane", daemon=True)
        thread.start()
        self._started.wait(START_TIMEOUT_S)
        if self._error is not None:
            raise OSError(f"the control plane could not be started: {self._error}") from self._error
        try:
            yield
        finally:
            self._loop.call_soon_threadsafe(self._stop.set)
            thread.join()

    def client_environment(self) -> dict[str, str]:
        """Variables for the user's `modal`: address, this run's token, an empty settings file."""
        return client_environment(self.url, self._token, self._config)

    def hide(self, values: Iterable[str]) -> None:
        """Keep these values out of events and logs, as those of secrets are."""
        self._events.hide(values)

    def redacted(self, text: str) -> str:
        """A text without the values of secrets."""
        return self._events.redactor.text(text)

    def containers(self) -> list[ContainerRecord]:
        """Every container so far, oldest first."""
        return [container.record() for container in list(self._state.containers.values())]

    def events(self) -> list[Event]:
        """Every event so far, oldest first."""
        return self._events.all()

    def preempt(self, task_id: str, grace_s: float | None = None) -> None:
        """Take a container back as the platform does.

        SIGINT to its interpreter; SIGKILL after the grace period, the documented one where `grace_s` is None.
        Its inputs run again on a new container and use up no retry. A clustered function's whole cluster
        restarts.

        Raises:
            KeyError: No container has this id.
        """
        container = self._container(task_id)
        self._loop.call_soon_threadsafe(self._scheduler.stopper.preempt, container, grace_s)

    def kill(self, task_id: str) -> None:
        """End a container at once, as a lost machine does; its inputs run again.

        Raises:
            KeyError: No container has this id.
        """
        container = self._container(task_id)
        self._loop.call_soon_threadsafe(self._scheduler.stopper.kill, container)

    def exhaust_memory(self, task_id: str) -> None:
        """End a container as the kernel does when it is out of memory: its inputs fail, and cost a retry.

        Raises:
            KeyError: No container has this id.
        """
        container = self._container(task_id)
        self._loop.call_soon_threadsafe(self._scheduler.stopper.exhaust_memory, container)

    def end_time(self, task_id: str) -> None:
        """Let the timeout of everything that a container works on be over now.

        Raises:
            KeyError: No container has this id.
        """
        container = self._container(task_id)
        self._loop.call_soon_threadsafe(self._scheduler.outcomes.end_time, container)

    def _container(self, task_id: str) -> Container:
        container = self._state.containers.get(task_id)
        if container is None:
            raise KeyError(f"no container {task_id}; there were {len(self._state.containers)}")
        return container

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._main())
        except BaseException as error:
            self._error = error
            self._events.record("control_plane_error", call="", error=repr(error))
        finally:
            self._started.set()
            shutil.rmtree(self._sockets, ignore_errors=True)
            self._events.close()
            self._state.store.close()
            self._lock.close()
            self._loop.close()

    async def _main(self) -> None:
        self._stop = asyncio.Event()
        await self._state.blobs.start()
        settings = self._state.settings
        relayed = dict(settings.relayed)
        offline = None
        if settings.offline:
            relayed[self._state.blobs.port] = self._sockets / "blobs.sock"
            offline = OfflineNetwork(settings.isolation, relayed)
        relays = [await relay_to_port(port, path) for port, path in relayed.items()]
        self._runner = ContainerRunner(
            self._state, self._open_socket, self._close_socket, self._gone, offline
        )
        self._scheduler = Scheduler(self._state, self._runner)
        self._service = Service(self._state, self._scheduler, self._runner)
        endpoint = Endpoint(self._service, self._events, Caller(token_id=self._token[0]), self._token)
        server = Server([endpoint, CommandRouter(self._state, self._state.commands)])
        self.url = f"http://{LOOPBACK}:{await _listen(server, self._ports)}"
        self._state.url = self.url
        await self._scheduler.begin()
        self._started.set()
        try:
            await self._stop.wait()
        finally:
            await self._end_containers()
            await self._scheduler.web.close()
            if offline is not None:
                await offline.close()
            self._events.record("calls_served", **self._service.answers.to_json())
            server.close()
            for relay in relays:
                relay.close()
            await self._state.blobs.stop()

    async def _end_containers(self) -> None:
        self._scheduler.close()
        for app in self._state.apps.values():
            if not app.name:
                self._scheduler.apps.stop(app)
        containers = [c for c in self._state.containers.values() if c.alive]
        if self._end_grace_s:
            for container in containers:
                self._scheduler.stopper.stop(container, Interruption.SERVICE_ENDS)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._end_grace_s):
                    await self._runner.wait_all()
        for container in containers:
            self._scheduler.stopper.kill(container, Interruption.SERVICE_ENDS)
        await self._runner.wait_all()

    async def _open_socket(self, container: Container) -> Path:
        """A socket of its own tells the service which container asks."""
        self._state.containers[container.task_id] = container
        path = self._sockets / f"{container.task_id}.sock"
        server = Server([Endpoint(self._service, self._events, Caller(container), None, self._rpc_errors)])
        await server.start(path=str(path))
        self._servers[container.task_id] = server
        return path

    async def _close_socket(self, container: Container) -> None:
        server = self._servers.pop(container.task_id, None)
        if server is not None:
            server.close()

    async def _gone(self, container: Container) -> None:
        await self._scheduler.container_gone(container)


async def _listen(server: Any, ports: Sequence[int]) -> int:
    """Listen on the first port that is free."""
    for port in ports:
        try:
            await server.start(LOOPBACK, port)
        except OSError:
            if port == ports[-1]:
                raise
            continue
        break
    found: int = server._server.sockets[0].getsockname()[1]
    return found
