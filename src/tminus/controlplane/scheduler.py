"""Inputs meet containers: queues, starting and stopping, results, retries, timeouts.

Everything here runs on the control plane's event loop; no locks are needed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable

from modal_proto import api_pb2

from tminus.controlplane.clusters import ClusterStarter
from tminus.controlplane.containers import Cluster, Container, ContainerState, Interruption
from tminus.controlplane.model import AppRecord, CallRecord, FunctionRecord, InputRecord, InputState, Message
from tminus.controlplane.results import failure, retry_delay_s, status_name, terminated, timeout
from tminus.controlplane.runner import ContainerRunner
from tminus.controlplane.state import PlaneState
from tminus.controlplane.stopping import Stopper

# A machine holds fewer containers than the platform: further inputs wait for one of these.
LOCAL_CONTAINERS_MAX = 32
# Starts that fail in a row before the inputs that wait are failed with what was seen.
FAILED_STARTS_MAX = 3
# An input that does not react to its cancellation is ended with its container after this long.
CANCEL_GRACE_S = 10.0
_SUCCESS = api_pb2.GenericResult.GENERIC_STATUS_SUCCESS
_TERMINATED = api_pb2.GenericResult.GENERIC_STATUS_TERMINATED


class Scheduler:
    """Decides which container works on which input."""

    def __init__(self, state: PlaneState, runner: ContainerRunner) -> None:
        self._state = state
        self._runner = runner
        self._stopper = Stopper(state)
        self._clusters = ClusterStarter(state, runner)
        self._timers: set[asyncio.TimerHandle] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def stopper(self) -> Stopper:
        """What ends containers."""
        return self._stopper

    def enqueue(self, item: InputRecord) -> None:
        """Queue an input for its function and start what it needs."""
        function = self._state.functions[item.call.function_id]
        if self._state.app_of(function).stopping:
            self._publish(item, terminated(item))
            return
        item.state = InputState.QUEUED
        function.queue.append(item)
        self.kick(function)

    def kick(self, function: FunctionRecord) -> None:
        """Start containers for what waits, and wake those that wait for work."""
        for container in function.containers:
            container.changed.notify()
            if container.cluster is not None:
                container.cluster.changed.notify()
        while self._needs_container(function):
            size = max(1, function.cluster_size)
            if size > 1 or function.cluster_size:
                self._clusters.start(function, size)
            else:
                container = Container(function)
                function.containers.append(container)
                self._watch_start(container)
                self._runner.start(container)

    def _needs_container(self, function: FunctionRecord) -> bool:
        if not function.queue or self._state.app_of(function).stopping:
            return False
        live = [c for c in function.containers if c.alive]
        if function.cluster_size:
            clusters = {c.cluster for c in live if c.cluster is not None and not c.draining}
            free = sum(cluster.current is None for cluster in clusters)
        else:
            free = sum(c.free_slots for c in live)
        if free >= len(function.queue):
            return False
        size = max(1, function.cluster_size)
        settings = function.definition.autoscaler_settings
        limit = settings.max_containers or function.definition.concurrency_limit or LOCAL_CONTAINERS_MAX
        everywhere = [c for f in self._state.functions.values() for c in f.containers if c.alive]
        gpus = sum(c.function.gpus for c in everywhere) + size * function.gpus
        allowed = self._state.settings.plan.concurrent_gpus
        return (
            len(live) + size <= max(limit, size)
            and (not everywhere or len(everywhere) + size <= LOCAL_CONTAINERS_MAX)
            and (allowed is None or gpus <= allowed or function.gpus == 0)
        )

    def _watch_start(self, container: Container) -> None:
        definition = container.function.definition
        limit = definition.startup_timeout_secs or definition.timeout_secs or self._default_timeout_s()

        def check() -> None:
            if container.state is ContainerState.STARTING:
                container.failure = f"the container was not ready within its startup timeout of {limit} s"
                self._stopper.kill(container, Interruption.TIMED_OUT)

        self._later(limit, check)

    def take(self, container: Container, batch_size: int) -> list[InputRecord]:
        """Inputs for a container that asks for work; empty where there are none for it now."""
        if container.draining or (container.single_use and container.taken):
            return []
        if container.cluster is not None:
            return self._take_in_cluster(container, container.cluster)
        queue = container.function.queue
        taken: list[InputRecord] = []
        while queue and len(taken) < max(1, batch_size):
            item = queue.popleft()
            self._begin(item, container)
            taken.append(item)
        return taken

    def _take_in_cluster(self, container: Container, cluster: Cluster) -> list[InputRecord]:
        if cluster.current is None:
            queue = container.function.queue
            if not queue:
                return []
            cluster.current = queue.popleft()
            cluster.delivered.clear()
            cluster.reported.clear()
            cluster.current.cluster = cluster
            cluster.changed.notify()
        if container.rank in cluster.delivered:
            return []
        cluster.delivered.add(container.rank)
        self._begin(cluster.current, container)
        return [cluster.current]

    def _begin(self, item: InputRecord, container: Container) -> None:
        first = container.cluster is None or len(container.cluster.delivered) == 1
        container.inputs[item.id] = item
        container.taken += 1
        container.state = ContainerState.RUNNING
        if container.rank == 0:
            item.container = container
        if first:
            item.state = InputState.RUNNING
            item.attempts += 1
            item.started_s = time.time()
            item.timed_out = False
            attempt = item.attempts
            limit = container.function.definition.timeout_secs or self._default_timeout_s()
            self._later(limit, lambda: self._time_out(item, attempt, limit))
        self._state.events.record(
            "input_started",
            container.task_id,
            input_id=item.id,
            function=container.function.name,
            attempt=item.attempts,
            retries_used=item.retries_used,
            rank=container.rank,
        )

    def put_output(self, container: Container, output: Message) -> None:
        """Take a container's answer to an input."""
        item = container.inputs.pop(output.input_id, None)
        if item is None or item.state is InputState.DONE:
            return
        if not container.inputs and container.state is ContainerState.RUNNING:
            container.state = ContainerState.READY
        failed = output.result.status not in (_SUCCESS, _TERMINATED)
        interrupted = container.interruption in {Interruption.PREEMPTED, Interruption.CLUSTER}
        asked_for = item.cancelled or item.timed_out
        if interrupted and not asked_for and output.result.status != _SUCCESS:
            # What the interruption broke is not the function's failure: the input runs again.
            container.inputs[item.id] = item
            return
        self._state.events.record(
            "input_finished",
            container.task_id,
            input_id=item.id,
            function=container.function.name,
            status="timeout" if item.timed_out else status_name(output.result.status),
            exception=output.result.exception,
            attempt=item.attempts,
            rank=container.rank,
        )
        if container.cluster is not None:
            self._put_cluster_output(container, container.cluster, item, output, failed)
        elif item.timed_out:
            self._fail(item, timeout(item, self._timeout_s(item)))
        elif failed:
            self._fail(item, output)
        else:
            self._publish(item, output)
        self.kick(container.function)

    def _put_cluster_output(
        self, container: Container, cluster: Cluster, item: InputRecord, output: Message, failed: bool
    ) -> None:
        cluster.reported.add(container.rank)
        if failed or item.timed_out:
            # Any rank's failure fails the call and ends all containers of the cluster.
            result = timeout(item, self._timeout_s(item)) if item.timed_out else output
            item.output = result
            for other in cluster.containers:
                other.inputs.pop(item.id, None)
            self._stopper.end_cluster(cluster)
            task = asyncio.create_task(self._fail_after(cluster, item, result))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return
        if container.rank == 0:
            item.output = output
        if len(cluster.reported) == cluster.size:
            cluster.current = None
            cluster.changed.notify()
        if container.rank == 0:
            self._publish(item, output)

    async def _fail_after(self, cluster: Cluster, item: InputRecord, result: Message) -> None:
        item.state = InputState.WAITING
        for container in cluster.containers:
            await container.ended.wait()
        self._fail(item, result)

    def _fail(self, item: InputRecord, output: Message) -> None:
        """A failure that the function answers for: retry after the policy's delay, or hand it on."""
        function = self._state.functions[item.call.function_id]
        policy = function.definition.retry_policy
        if item.retries_used >= policy.retries or item.cancelled:
            self._publish(item, output)
            return
        item.retries_used += 1
        item.state = InputState.WAITING
        item.container = None
        delay = retry_delay_s(policy, item.retries_used)
        self._state.events.record(
            "input_retried", input_id=item.id, function=function.name, retry=item.retries_used, delay_s=delay
        )
        self._later(delay, lambda: self.enqueue(item))

    def _publish(self, item: InputRecord, output: Message) -> None:
        if item.state is InputState.DONE:
            return
        item.state = InputState.DONE
        item.output = output
        item.call.finished.append(item)
        item.call.changed.notify()
        self._finish_detached(self._state.app_of(self._state.functions[item.call.function_id]))

    def _time_out(self, item: InputRecord, attempt: int, limit_s: int) -> None:
        if item.state is not InputState.RUNNING or item.attempts != attempt:
            return
        item.timed_out = True
        self._state.events.record("input_timed_out", input_id=item.id, timeout_s=limit_s)
        self._cancel_running(item)

    def _cancel_running(self, item: InputRecord) -> None:
        holders = self._holders(item)
        for container in holders:
            container.to_cancel.add(item.id)
            container.cancelled.notify()

        def end_stubborn() -> None:
            for container in holders:
                if item.id in container.inputs and container.alive:
                    self._stopper.kill(container, Interruption.TIMED_OUT)

        self._later(CANCEL_GRACE_S, end_stubborn)

    def _holders(self, item: InputRecord) -> list[Container]:
        function = self._state.functions[item.call.function_id]
        return [c for c in function.containers if item.id in c.inputs]

    def cancel(self, call: CallRecord, *, terminate_containers: bool) -> None:
        """Cancel what is left of a call."""
        function = self._state.functions[call.function_id]
        for item in call.inputs.values():
            if item.state is InputState.DONE:
                continue
            item.cancelled = True
            if item in function.queue:
                function.queue.remove(item)
            if item.state is InputState.RUNNING:
                if terminate_containers:
                    for container in self._holders(item):
                        self._stopper.kill(container, Interruption.APP_STOPPED)
                self._cancel_running(item)
            else:
                self._publish(item, terminated(item))

    def task_failed(self, container: Container, result: Message) -> None:
        """A container could not initialise: the inputs that wait for its function fail with its result."""
        container.failure = result
        container.stop_taking()
        function = container.function
        waiting = list(function.queue)
        function.queue.clear()
        if container.cluster is not None and container.cluster.current is not None:
            waiting.append(container.cluster.current)
        for item in waiting:
            output = api_pb2.FunctionPutOutputsItem(input_id=item.id, result=result)
            self._fail(item, output)
        if container.cluster is not None:
            self._stopper.end_cluster(container.cluster)

    async def container_gone(self, container: Container) -> None:
        """Settle what a container leaves behind."""
        function = container.function
        function.containers.remove(container)
        cluster = container.cluster
        if cluster is not None:
            self._rank_gone(container, cluster)
            if any(c in function.containers for c in cluster.containers):
                return  # the last rank settles for all
            await self._clusters.close(cluster)
            left = {item.id: item for c in cluster.containers for item in c.inputs.values()}
            witness = next((c for c in cluster.containers if _crashed(c)), container)
        else:
            left = container.inputs
            witness = container
        for item in list(left.values()):
            if item.state is not InputState.DONE:
                self._settle(item, witness)
        container.inputs.clear()
        if witness.ready_s is None and not self._state.app_of(function).stopping:
            self._start_failed(witness)
        else:
            function.failed_starts = 0
        app = self._state.app_of(function)
        self.kick(function)
        for other in self._state.functions.values():
            if other is not function and other.queue:
                self.kick(other)  # room for what waited
        self._finish_log(app)

    def _rank_gone(self, container: Container, cluster: Cluster) -> None:
        if _crashed(container) or container.interruption is not Interruption.NONE:
            self._stopper.end_cluster(cluster)
        else:
            # A rank that left in good order takes no part any more: so neither does its cluster.
            for other in cluster.containers:
                other.stop_taking()

    def _settle(self, item: InputRecord, container: Container) -> None:
        function = container.function
        if item.cancelled or self._state.app_of(function).stopping:
            self._publish(item, terminated(item))
        elif item.timed_out:
            self._fail(item, timeout(item, self._timeout_s(item)))
        elif container.interruption in {Interruption.PREEMPTED, Interruption.KILLED, Interruption.CLUSTER}:
            self._state.events.record("input_requeued", input_id=item.id, function=function.name)
            item.state = InputState.QUEUED
            item.container = None
            function.queue.appendleft(item)
        else:
            self._fail(item, failure(item, f"the container ended with exit code {container.exit_code}"))

    def _start_failed(self, container: Container) -> None:
        function = container.function
        if container.interruption in {Interruption.PREEMPTED, Interruption.KILLED}:
            return
        function.failed_starts += 1
        if container.failure is None and function.failed_starts < FAILED_STARTS_MAX:
            return
        function.failed_starts = 0
        reason = (
            container.failure
            or f"the container ended with exit code {container.exit_code} before it was ready"
        )
        while function.queue:
            item = function.queue.popleft()
            self._publish(item, failure(item, str(reason)))

    def stop_app(self, app: AppRecord) -> None:
        """Stop an app: nothing new starts, what runs is interrupted."""
        if app.stopping:
            return
        app.stopping = True
        for function in self._functions(app):
            while function.queue:
                item = function.queue.popleft()
                self._publish(item, terminated(item))
            for container in list(function.containers):
                self._stopper.stop(container, Interruption.APP_STOPPED)
        self._finish_log(app)

    def client_left(self, app: AppRecord) -> None:
        """The client of an app went away: an ephemeral app stops, a detached one finishes its work first."""
        app.client_gone = True
        if not app.detached and not app.name:
            self.stop_app(app)
        else:
            self._finish_detached(app)

    def _finish_detached(self, app: AppRecord) -> None:
        if not app.client_gone or app.name or app.stopping:
            return
        ids = {function.id for function in self._functions(app)}
        if not any(call.unfinished for call in self._state.calls.values() if call.function_id in ids):
            self.stop_app(app)

    def _finish_log(self, app: AppRecord) -> None:
        if app.stopping and not any(function.containers for function in self._functions(app)):
            app.log.finish()

    def _functions(self, app: AppRecord) -> Iterable[FunctionRecord]:
        return [f for f in self._state.functions.values() if f.app_id == app.id and f.definition is not None]

    def _timeout_s(self, item: InputRecord) -> int:
        definition = self._state.functions[item.call.function_id].definition
        return definition.timeout_secs or self._default_timeout_s()

    def _default_timeout_s(self) -> int:
        return int(self._state.settings.facts["function.timeout_default_s"].value)

    def _later(self, delay_s: float, action: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()

        def run() -> None:
            self._timers.discard(handle)
            action()

        handle = loop.call_later(delay_s, run)
        self._timers.add(handle)

    def close(self) -> None:
        """Drop every timer."""
        for handle in self._timers:
            handle.cancel()


def _crashed(container: Container) -> bool:
    return container.interruption is Interruption.NONE and bool(container.exit_code)
