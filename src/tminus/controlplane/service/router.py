"""The service of commands in containers, as `modal_proto/task_command_router` defines it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from grpclib import GRPCError, Status
from grpclib.const import Handler
from modal_proto import task_command_router_pb2 as messages
from modal_proto.task_command_router_grpc import TaskCommandRouterBase

from tminus.controlplane.commands.access import CommandAccess
from tminus.controlplane.commands.enter import command_line, environment_of
from tminus.controlplane.commands.execution import Execution
from tminus.controlplane.containers import Container
from tminus.controlplane.model import Message
from tminus.controlplane.state import PlaneState

_STDERR = messages.TASK_EXEC_STDIO_FILE_DESCRIPTOR_STDERR


class CommandRouter:
    """Commands of all containers.

    Args:
        state: Where the containers are.
        access: Who may run commands in which.
    """

    def __init__(self, state: PlaneState, access: CommandAccess) -> None:
        self._state = state
        self._access = access
        self._executions: dict[tuple[str, str], Execution] = {}
        self._watches: set[asyncio.Task[None]] = set()

    def __mapping__(self) -> dict[str, Handler]:
        """Every call of the definition; grpclib asks for this."""

        async def unserved(self: object, stream: object) -> None:
            raise NotImplementedError

        names: frozenset[str] = TaskCommandRouterBase.__abstractmethods__
        complete: Any = type("Definition", (TaskCommandRouterBase,), dict.fromkeys(names, unserved))
        return {
            path: Handler(
                self._answer(path.rpartition("/")[2], handler),
                handler.cardinality,
                handler.request_type,
                handler.reply_type,
            )
            for path, handler in complete().__mapping__().items()
        }

    def _answer(self, name: str, handler: Handler) -> Callable[[Any], Awaitable[None]]:
        method: Any = getattr(self, name, None)

        async def answer(stream: Any) -> None:
            request = await stream.recv_message()
            scheme, _, token = str(stream.metadata.get("authorization", "")).partition(" ")
            if scheme != "Bearer" or not self._access.allows(token, getattr(request, "task_id", "")):
                raise GRPCError(Status.UNAUTHENTICATED, "this token is not for commands in this container")
            if method is None or handler.cardinality.client_streaming:
                self._state.events.record("call_unserved", request.task_id, call=name)
                raise GRPCError(Status.UNIMPLEMENTED, f"the local control plane does not serve {name}")
            if inspect.isasyncgenfunction(method):
                async for message in method(request):
                    await stream.send_message(message)
            else:
                await stream.send_message(await method(request))

        return answer

    async def TaskExecStart(self, request: Message) -> Message:
        """Start a command; asked again about the same one, start nothing."""
        key = (request.task_id, request.exec_id)
        if key in self._executions:
            return messages.TaskExecStartResponse()
        container = self._container(request.task_id)
        process = container.process
        assert process is not None
        size = None
        if request.HasField("pty_info") and request.pty_info.enabled:
            size = (request.pty_info.winsz_rows or 24, request.pty_info.winsz_cols or 80)
        try:
            environment = environment_of(process.python_pid)
            for secret_id in request.secret_ids:
                if secret_id in self._state.secrets:
                    environment.update(self._state.secrets[secret_id].values)
            environment.update(request.env)
            if size is not None:
                environment["TERM"] = request.pty_info.env_term or "xterm"
            command = command_line(
                process.python_pid,
                self._state.settings.isolation,
                list(request.command_args),
                workdir=request.workdir,
                terminal=size is not None,
            )
            execution = await Execution.start(command, environment, size)
        except OSError as error:
            raise GRPCError(Status.FAILED_PRECONDITION, f"the command cannot be started: {error}") from error
        self._executions[key] = execution
        self._state.events.record("command_started", request.task_id, command=list(request.command_args))
        watch = asyncio.create_task(self._watch(container, execution, request.timeout_secs))
        self._watches.add(watch)
        watch.add_done_callback(self._watches.discard)
        return messages.TaskExecStartResponse()

    async def _watch(self, container: Container, execution: Execution, timeout_s: int) -> None:
        """End a command with its container, or when its time is over."""
        ends = {asyncio.create_task(container.ended.wait()), asyncio.create_task(execution.wait())}
        try:
            await asyncio.wait(ends, timeout=timeout_s or None, return_when=asyncio.FIRST_COMPLETED)
        finally:
            execution.kill()
            for end in ends:
                end.cancel()

    async def TaskExecStdioRead(self, request: Message) -> AsyncIterator[Message]:
        """What a command prints, from an offset to the end."""
        execution = self._execution(request)
        output = execution.stderr if request.file_descriptor == _STDERR else execution.stdout
        async for data in output.follow(request.offset):
            yield messages.TaskExecStdioReadResponse(data=data)

    async def TaskExecStdinWrite(self, request: Message) -> Message:
        """Input for a command."""
        await self._execution(request).write(request.offset, request.data, eof=request.eof)
        return messages.TaskExecStdinWriteResponse()

    async def TaskExecPoll(self, request: Message) -> Message:
        """How a command ended, if it has."""
        status = self._execution(request).status
        return messages.TaskExecPollResponse(**_ending(status) if status is not None else {})

    async def TaskExecWait(self, request: Message) -> Message:
        """How a command ended, once it has; the client asks again where that takes long."""
        return messages.TaskExecWaitResponse(**_ending(await self._execution(request).wait()))

    def _container(self, task_id: str) -> Container:
        container = self._state.containers.get(task_id)
        if container is None or container.process is None or not container.alive:
            raise GRPCError(Status.NOT_FOUND, f"container {task_id} does not run")
        return container

    def _execution(self, request: Message) -> Execution:
        execution = self._executions.get((request.task_id, request.exec_id))
        if execution is None:
            raise GRPCError(Status.NOT_FOUND, f"no command {request.exec_id} was started in this container")
        return execution


def _ending(status: int) -> dict[str, int]:
    return {"signal": -status} if status < 0 else {"code": status}
