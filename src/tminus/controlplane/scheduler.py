"""Inputs meet containers: queues, starting containers, handing out work, settling what a container leaves.

Everything here runs on the control plane's event loop; no locks are needed.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from modal_proto import api_pb2

from tminus.controlplane.applives import AppLives
from tminus.controlplane.clusters import ClusterStarter
from tminus.controlplane.containers import RUNS_AGAIN, Cluster, Container, ContainerState, Interruption
from tminus.controlplane.model import AppRecord, FunctionRecord, InputRecord, InputState, Message
from tminus.controlplane.outcomes import Outcomes
from tminus.controlplane.results import describe_exit, failure, terminated, timeout
from tminus.controlplane.runner import ContainerRunner
from tminus.controlplane.sandbox.detect import Mode
from tminus.controlplane.state import PlaneState
from tminus.controlplane.stopping import Stopper
from tminus.controlplane.timers import Timers
from tminus.controlplane.tunnels import Tunnels
from tminus.controlplane.web import WebFunctions

# A machine holds fewer containers than the platform: further inputs wait for one of these.
LOCAL_CONTAINERS_MAX = 32
# Starts that fail in a row before the inputs that wait are failed with what was seen.
FAILED_STARTS_MAX = 3


class Scheduler:
    """Decides which container works on which input.

    Attributes:
        stopper: What ends containers.
        outcomes: What becomes of inputs.
        apps: The lives of apps.
        web: The ports of web functions.
        tunnels: Ports of containers on loopback.
    """

    def __init__(self, state: PlaneState, runner: ContainerRunner) -> None:
        self._state = state
        self._runner = runner
        self._timers = Timers()
        self._closed = False
        self._clusters = ClusterStarter(state, runner)
        self.stopper = Stopper(state, self._timers)
        self.outcomes = Outcomes(state, self.stopper, self._timers, self.enqueue, self._published)
        self.web = WebFunctions(state, self.enqueue, self.outcomes.cancel)
        self.tunnels = Tunnels(state.settings)
        self.apps = AppLives(state, self.stopper, self.outcomes, self._timers, self.kick, self.web.close_app)
        state.housekeeping.begin(state, self._timers)

    async def begin(self) -> None:
        """Take up what an earlier control plane left: addresses of web functions, calls without a result."""
        await self.web.reopen()
        for item in list(self._state.inputs.values()):
            if item.state is not InputState.DONE:
                self.enqueue(item)
        for function in list(self._state.functions.values()):
            self.kick(function)

    def _published(self, app: AppRecord) -> None:
        self.apps.finish_detached(app)

    def enqueue(self, item: InputRecord) -> None:
        """Queue an input for its function and start what it needs."""
        function = self._state.functions[item.call.function_id]
        if self._state.app_of(function).stopping:
            self.outcomes.publish(item, terminated(item))
            return
        item.state = InputState.QUEUED
        function.queue.append(item)
        self.kick(function)

    def kick(self, function: FunctionRecord) -> None:
        """Start containers for what waits, and wake those that wait for work."""
        for container in function.containers:
            container.changed.notify()
        while self._needs_container(function):
            if function.cluster_size:
                started = self._clusters.start(function, function.cluster_size)
            else:
                started = [Container(function)]
                function.containers += started
                self._runner.start(started[0])
            for container in started:
                self._watch_start(container)

    def _needs_container(self, function: FunctionRecord) -> bool:
        if self._closed or function.definition is None or self._state.app_of(function).stopping:
            return False
        live = [c for c in function.containers if c.alive]
        if function.cluster_size:
            clusters = {c.cluster for c in live if c.cluster is not None and not c.draining}
            free = sum(cluster.current is None for cluster in clusters)
        else:
            free = sum(c.free_slots for c in live)
            if _is_busy(function):
                free -= function.buffer_containers * function.input_concurrency
        if free >= len(function.queue) and not self._is_cold(function):
            return False
        size = max(1, function.cluster_size)
        settings = function.definition.autoscaler_settings
        limit = settings.max_containers or function.definition.concurrency_limit or LOCAL_CONTAINERS_MAX
        everywhere = [c for f in self._state.functions.values() for c in f.containers if c.alive]
        gpus = sum(c.function.gpus for c in everywhere) + size * function.gpus
        allowed = self._state.settings.plan.concurrent_gpus
        return (
            not self._waits_for_path(function, everywhere)
            and len(live) + size <= max(limit, size)
            and (not everywhere or len(everywhere) + size <= LOCAL_CONTAINERS_MAX)
            and (allowed is None or gpus <= allowed or function.gpus == 0)
        )

    def _is_cold(self, function: FunctionRecord) -> bool:
        """Whether a function has fewer containers than it keeps warm; not while they fail to start."""
        published = self._state.app_of(function).deployed_s > 0
        taking = sum(not c.draining for c in function.containers)
        return published and taking < function.min_containers and function.failed_starts < FAILED_STARTS_MAX

    def may_leave(self, container: Container) -> bool:
        """Whether an idle container may end: not where its function keeps it warm, nor out of a cluster."""
        function = container.function
        if container.cluster is not None:
            return False
        taking = [c for c in function.containers if not c.draining]
        idle = sum(not c.inputs for c in taking)
        buffered = function.buffer_containers if _is_busy(function) else 0
        return len(taking) > function.min_containers and idle > buffered

    def _waits_for_path(self, function: FunctionRecord, live: Iterable[Container]) -> bool:
        """Whether a mount path must first become free: plain processes share one file system."""
        if self._state.settings.isolation.mode is not Mode.PLAIN:
            return False
        wanted = {mount.mount_path for mount in function.definition.volume_mounts}
        holders = [
            c for c in live if wanted & {mount.mount_path for mount in c.function.definition.volume_mounts}
        ]
        for holder in holders:
            if holder.state is ContainerState.READY:
                self.stopper.stop(holder, Interruption.NONE)
        return bool(holders)

    def _watch_start(self, container: Container) -> None:
        definition = container.function.definition
        default = self._state.settings.facts["function.timeout_default_s"].value
        limit = int(definition.startup_timeout_secs or definition.timeout_secs or default)

        def check() -> None:
            if container.state is ContainerState.STARTING:
                container.failure = f"the container was not ready within its startup timeout of {limit} s"
                self.stopper.kill(container, Interruption.TIMED_OUT)

        self._timers.later(limit, check)

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
            self._begin(item, container, first=True)
            taken.append(item)
        return taken

    def _take_in_cluster(self, container: Container, cluster: Cluster) -> list[InputRecord]:
        """The input that all ranks work on; whichever rank asks first takes it from the queue for all."""
        if cluster.current is None:
            queue = container.function.queue
            if not queue:
                return []
            cluster.current = queue.popleft()
            cluster.delivered.clear()
            cluster.reported.clear()
        if container.rank in cluster.delivered:
            return []
        first = not cluster.delivered
        cluster.delivered.add(container.rank)
        self._begin(cluster.current, container, first=first)
        return [cluster.current]

    def _begin(self, item: InputRecord, container: Container, *, first: bool) -> None:
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
            self.outcomes.watch(item)
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
        self.outcomes.put(container, output)
        self._kick_waiting(container.function)

    def task_failed(self, container: Container, result: Message) -> None:
        """A container could not initialise: the inputs that wait for its function fail with its result."""
        container.init_failed = True
        container.stop_taking()
        function = container.function
        waiting = list(function.queue)
        function.queue.clear()
        cluster = container.cluster
        if cluster is not None and cluster.current is not None:
            waiting.append(cluster.current)
        for item in waiting:
            self.outcomes.fail(item, api_pb2.FunctionPutOutputsItem(input_id=item.id, result=result))
        if cluster is not None:
            self.stopper.end_cluster(cluster)

    async def container_gone(self, container: Container) -> None:
        """Settle what a container leaves behind."""
        function = container.function
        function.containers.remove(container)
        self.tunnels.close_all(container)
        cluster = container.cluster
        members = [container]
        if cluster is not None:
            self._rank_gone(container, cluster)
            if any(c in function.containers for c in cluster.containers):
                return  # the last rank settles for all
            await self._clusters.close(cluster)
            members = cluster.containers
        witness = next((c for c in members if _crashed(c)), container)
        left = {item.id: item for member in members for item in member.inputs.values()}
        for item in left.values():
            if item.state is not InputState.DONE:
                self._settle(item, witness)
        if witness.ready_s is None:
            self._start_failed(witness)
        else:
            function.failed_starts = 0
        self._kick_waiting(function)
        self.apps.finish_log(self._state.app_of(function))

    def _kick_waiting(self, function: FunctionRecord) -> None:
        """Look again at a function, and at all others whose inputs wait: there may be room for them now."""
        for other in self._state.functions.values():
            if other is function or other.queue:
                self.kick(other)

    def _rank_gone(self, container: Container, cluster: Cluster) -> None:
        if _crashed(container) or container.interruption is not Interruption.NONE:
            self.stopper.end_cluster(cluster)
        else:
            # A rank that left in good order takes no part any more: so neither does its cluster.
            for other in cluster.containers:
                other.stop_taking()

    def _settle(self, item: InputRecord, container: Container) -> None:
        function = container.function
        if item.cancelled or self._state.app_of(function).stopping:
            self.outcomes.publish(item, terminated(item))
        elif item.timed_out:
            self.outcomes.fail(item, timeout(item, self.outcomes.timeout_s(item)))
        elif container.interruption in RUNS_AGAIN:
            self._state.events.record("input_requeued", input_id=item.id, function=function.name)
            item.state = InputState.QUEUED
            item.container = None
            function.queue.appendleft(item)
        else:
            text = f"the container {describe_exit(container.exit_code)} while it ran the input"
            if container.out_of_memory:
                text += f": it reached its memory limit of {function.definition.resources.memory_mb_max} MiB"
            self.outcomes.fail(item, failure(item, text))

    def _start_failed(self, container: Container) -> None:
        function = container.function
        if container.interruption in RUNS_AGAIN:
            return
        function.failed_starts += 1
        if container.init_failed or (not container.failure and function.failed_starts < FAILED_STARTS_MAX):
            return
        reason = (
            container.failure or f"the container {describe_exit(container.exit_code)} before it was ready"
        )
        while function.queue:
            item = function.queue.popleft()
            self.outcomes.publish(item, failure(item, reason))

    def close(self) -> None:
        """Start no container any more, and drop every timer."""
        self._closed = True
        self._timers.close()


def _is_busy(function: FunctionRecord) -> bool:
    return bool(function.queue) or any(container.inputs for container in function.containers)


def _crashed(container: Container) -> bool:
    return container.interruption is Interruption.NONE and bool(container.exit_code)
