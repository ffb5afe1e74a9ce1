"""What a running container asks: work, its heartbeat, the end."""

from __future__ import annotations

import time

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2

from tminus.controlplane.containers import Container, ContainerState
from tminus.controlplane.model import InputRecord, Message
from tminus.controlplane.service.base import Caller, ServiceBase, of_container

# The client beats every 15 s and gives a beat up 0.1 s later: nearly always one is open, and a cancellation
# arrives at once.
HEARTBEAT_HOLD_S = 14.5
INPUT_POLL_S = 60.0


class Containers(ServiceBase):
    """Calls of the container entrypoint."""

    async def ContainerHeartbeat(self, request: Message, caller: Caller) -> Message:
        """Hold the beat open until an input is to be cancelled."""
        container = of_container(caller)
        if not container.to_cancel:
            await container.cancelled.wait(HEARTBEAT_HOLD_S)
        response = api_pb2.ContainerHeartbeatResponse()
        if container.to_cancel:
            response.cancel_input_event.input_ids.extend(sorted(container.to_cancel))
            container.to_cancel.clear()
        return response

    async def FunctionGetInputs(self, request: Message, caller: Caller) -> Message:
        """Hand out work; wait for it as long as the function keeps idle containers; then say to leave."""
        container = of_container(caller)
        self._ready(container)
        idle_since = time.monotonic()
        while True:
            taken = self.scheduler.take(container, request.batch_max_size)
            if taken and len(taken) < request.batch_max_size:
                taken += await self._linger(container, request, request.batch_max_size - len(taken))
            if taken:
                return api_pb2.FunctionGetInputsResponse(inputs=[_item(item) for item in taken])
            if container.inputs:
                idle_since = time.monotonic()
            idle_s = self._scaledown_s(container) - (time.monotonic() - idle_since)
            if container.draining or (idle_s <= 0 and self.scheduler.may_leave(container)):
                container.stop_taking()
                if not container.inputs:
                    container.state = ContainerState.STOPPING
                return api_pb2.FunctionGetInputsResponse(
                    inputs=[api_pb2.FunctionGetInputsItem(kill_switch=True)]
                )
            await container.changed.wait(min(INPUT_POLL_S, max(0.05, idle_s)))

    async def _linger(self, container: Container, request: Message, room: int) -> list[InputRecord]:
        """More inputs for a batch, as long as the function waits for them."""
        more: list[InputRecord] = []
        deadline = time.monotonic() + request.batch_linger_ms / 1000
        while len(more) < room and (remaining := deadline - time.monotonic()) > 0:
            await container.changed.wait(remaining)
            more += self.scheduler.take(container, room - len(more))
        return more

    def _ready(self, container: Container) -> None:
        if container.ready_s is None:
            container.ready_s = time.time()
            self.state.events.record(
                "container_ready",
                container.task_id,
                function=container.function.name,
                boot_s=round(container.ready_s - container.started_s, 3),
                rank=container.rank,
            )
        if container.state is ContainerState.STARTING:
            container.state = ContainerState.READY

    def _scaledown_s(self, container: Container) -> float:
        definition = container.function.definition
        default = self.state.settings.facts["function.scaledown_window_default_s"].value
        window = definition.autoscaler_settings.scaledown_window or definition.task_idle_timeout_secs
        return float(window or default)

    async def FunctionPutOutputs(self, request: Message, caller: Caller) -> Message:
        """Take results."""
        container = of_container(caller)
        for output in request.outputs:
            self.scheduler.put_output(container, output)
        return Empty()

    async def FunctionGetDynamicConcurrency(self, request: Message, caller: Caller) -> Message:
        """The concurrency that the function asked for; nothing here adapts it."""
        return api_pb2.FunctionGetDynamicConcurrencyResponse(concurrency=request.target_concurrency)

    async def TaskResult(self, request: Message, caller: Caller) -> Message:
        """The container could not initialise."""
        self.scheduler.task_failed(of_container(caller), request.result)
        return Empty()

    async def ContainerStop(self, request: Message, caller: Caller) -> Message:
        """Stop a container: by itself, which only ends its taking of inputs, or from outside."""
        container = self.task(request.task_id)
        if request.graceful or caller.container is container:
            container.stop_taking()
        else:
            # As the guide says of stopping a container: it gets SIGINT and its input runs again elsewhere.
            self.scheduler.stopper.preempt(container)
        return api_pb2.ContainerStopResponse()

    async def TaskList(self, request: Message, caller: Caller) -> Message:
        """Live containers, of one app or of an environment."""
        response = api_pb2.TaskListResponse()
        environment = "" if request.app_id else self.environment(request.environment_name).name
        for function in self.state.functions.values():
            app = self.state.app_of(function)
            if app.id == request.app_id or app.environment == environment:
                for container in function.containers:
                    response.tasks.add(
                        task_id=container.task_id,
                        app_id=app.id,
                        app_description=app.description,
                        started_at=container.ready_s or 0.0,
                        enqueued_at=container.started_s,
                    )
        return response

    async def TaskGetInfo(self, request: Message, caller: Caller) -> Message:
        """A container, whether it lives or not."""
        container = self.task(request.task_id)
        info = api_pb2.TaskInfo(
            id=container.task_id,
            started_at=container.ready_s or 0.0,
            finished_at=container.ended_s or 0.0,
            enqueued_at=container.started_s,
            gpu_config=container.function.definition.resources.gpu_config,
        )
        return api_pb2.TaskGetInfoResponse(app_id=container.function.app_id, info=info)


def _item(item: InputRecord) -> Message:
    return api_pb2.FunctionGetInputsItem(
        input_id=item.id,
        input=item.payload,
        function_call_id=item.call.id,
        function_call_invocation_type=item.call.invocation_type,
        retry_count=item.retries_used,
    )
