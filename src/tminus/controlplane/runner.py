"""Running containers: start, output, background commits, end."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import shutil
import time
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path

from tminus.controlplane.containers import Container, ContainerState, Interruption
from tminus.controlplane.launch import prepare
from tminus.controlplane.logs import STDERR, STDOUT, LogEntry
from tminus.controlplane.redaction import RedactedStream
from tminus.controlplane.sandbox import OfflineNetwork, PrivateNetwork, SandboxProcess, start_container
from tminus.controlplane.state import PlaneState
from tminus.controlplane.volumes import VolumeView
from tminus.controlplane.web import needs_own_network

# "Every few seconds" is all that the documentation says (fact volume.background_commit).
BACKGROUND_COMMIT_S = 5.0
READ_BYTES = 1 << 16


class ContainerRunner:
    """Starts containers and sees them to their end.

    Args:
        state: What the control plane knows.
        open_socket: Opens the socket of a container.
        close_socket: Closes it.
        on_exit: Called with each container that has ended.
        offline: Network of containers that have no other; None where they share the machine's.
    """

    def __init__(
        self,
        state: PlaneState,
        open_socket: Callable[[Container], Awaitable[Path]],
        close_socket: Callable[[Container], Awaitable[None]],
        on_exit: Callable[[Container], Awaitable[None]],
        offline: OfflineNetwork | None = None,
    ) -> None:
        self._state = state
        self._open_socket = open_socket
        self._close_socket = close_socket
        self._on_exit = on_exit
        self._offline = offline
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, container: Container) -> None:
        """Start a container in the background."""
        task = asyncio.create_task(self._run(container))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, container: Container) -> None:
        events = self._state.events
        function = container.function
        try:
            exit_code = await self._run_to_end(container)
        except Exception as error:
            # Whatever went wrong here, what waits for the container has to learn of its end.
            if not isinstance(error, OSError | RuntimeError | TimeoutError):
                events.record("control_plane_error", container.task_id, error=traceback.format_exc())
            exit_code = 1
            if container.process is not None:
                container.process.kill()
            container.failure = f"the container could not be started: {error}"
            self._log(container, STDERR, f"{container.failure}\n")
        container.exit_code = exit_code
        container.ended_s = time.time()
        container.state = ContainerState.EXITED
        for view in container.views.values():
            await asyncio.to_thread(view.close)
        await self._close_socket(container)
        if container.own_network is not None:
            await container.own_network.close()
        events.record(
            "container_exited",
            container.task_id,
            function=function.name,
            exit_code=exit_code,
            signal=exit_code - 128 if exit_code > 128 else None,
            interrupted=container.interruption.value,
            rank=container.rank,
        )
        folder = self._state.settings.state_dir / "containers" / container.task_id
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        container.ended.set()
        await self._on_exit(container)

    async def _run_to_end(self, container: Container) -> int:
        state = self._state
        if container.failure:
            raise RuntimeError(container.failure)
        socket = await self._open_socket(container)
        settings = state.settings
        if container.cluster is None and needs_own_network(container.function.definition):
            container.own_network = await PrivateNetwork.create(
                1, settings.isolation, settings.relayed, eth0=True
            )
        elif container.cluster is None and self._offline is not None:
            container.shared_network = await self._offline.get()
        spec = await asyncio.to_thread(prepare, state, container, socket)
        process = await start_container(spec, state.settings.isolation)
        container.process = process
        state.events.record(
            "container_started",
            container.task_id,
            function=container.function.name,
            rank=container.rank,
            cluster_id=container.cluster.id if container.cluster else "",
            gpus=container.record().gpus,
            volumes={view.mount_path: view.volume.name for view in spec.views},
            isolation=state.settings.isolation.mode.value,
        )
        if container.interruption is not Interruption.NONE:
            process.kill()  # it was to end before it had begun
        assert process.outer.stdout is not None
        assert process.outer.stderr is not None
        exited = asyncio.Event()
        commits = asyncio.create_task(self._commit_in_background(container, exited))
        outputs = asyncio.gather(
            self._pump(container, process.outer.stdout, STDOUT),
            self._pump(container, process.outer.stderr, STDERR),
        )
        try:
            exit_code = await process.wait()
        finally:
            exited.set()
            await commits
            process.sweep()
            await asyncio.to_thread(self._leave_group, container, process)
        await outputs
        if container.out_of_memory:
            limit = container.function.definition.resources.memory_mb_max
            state.events.record("container_out_of_memory", container.task_id, limit_mib=limit)
            self._log(container, STDERR, f"a process was ended at the memory limit of {limit} MiB\n")
        return exit_code

    def _leave_group(self, container: Container, process: SandboxProcess) -> None:
        if process.group is None:
            return
        container.out_of_memory = process.group.out_of_memory()
        process.group.remove()

    async def _pump(self, container: Container, stream: asyncio.StreamReader, number: int) -> None:
        decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
        redacted = RedactedStream(self._state.events.redactor)
        while piece := await stream.read(READ_BYTES):
            if text := redacted.feed(decode(piece)):
                self._log(container, number, text)
        if text := redacted.end():
            self._log(container, number, text)

    def _log(self, container: Container, number: int, text: str) -> None:
        text = self._state.events.redactor.text(text)
        app = self._state.app_of(container.function)
        calls = {item.call.id for item in container.inputs.values()}
        entry = LogEntry(
            time.time(),
            container.task_id,
            container.function.id,
            number,
            text,
            calls.pop() if len(calls) == 1 else "",
        )
        self._state.store.logs.append(app.id, entry)
        app.log.changed.notify()
        name = "stdout" if number == STDOUT else "stderr"
        self._state.events.record("log", container.task_id, stream=name, text=text, rank=container.rank)

    async def _commit_in_background(self, container: Container, exited: asyncio.Event) -> None:
        while container.views and not exited.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(BACKGROUND_COMMIT_S):
                    await exited.wait()
            if exited.is_set() or container.interruption is Interruption.KILLED:
                return
            for view in container.views.values():
                # A container that is gone committed what it could; its view cannot be read any more.
                with contextlib.suppress(OSError):
                    await self.commit(container, view, "background")

    async def commit(self, container: Container, view: VolumeView, occasion: str) -> None:
        """Commit a container's view and record it.

        Raises:
            OSError: The container is gone, or the disk is full.
        """
        settings = self._state.settings
        if settings.commit_delay_s:
            self._state.events.record(
                "volume_commit_begins", container.task_id, volume=view.volume.name, occasion=occasion
            )
            await asyncio.sleep(settings.commit_delay_s)
        result = await asyncio.to_thread(view.commit)
        if result.files or result.deleted or occasion == "explicit":
            self._state.events.record(
                "volume_committed",
                container.task_id,
                volume=view.volume.name,
                occasion=occasion,
                files=result.files,
                deleted=result.deleted,
                bytes=result.bytes,
                rank=container.rank,
            )

    async def wait_all(self) -> None:
        """Wait until every container has ended."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
