"""What becomes of an input: results, retries, timeouts, cancellation."""

from __future__ import annotations

from collections.abc import Callable

from modal_proto import api_pb2

from tminus.controlplane.containers import RUNS_AGAIN, Cluster, Container, ContainerState, Interruption
from tminus.controlplane.model import AppRecord, CallRecord, FunctionRecord, InputRecord, InputState, Message
from tminus.controlplane.results import retry_delay_s, status_name, terminated, timeout
from tminus.controlplane.state import PlaneState
from tminus.controlplane.stopping import Stopper
from tminus.controlplane.timers import Timers

# An input that does not react to its cancellation is ended with its container after this long.
CANCEL_GRACE_S = 10.0
_SUCCESS = api_pb2.GenericResult.GENERIC_STATUS_SUCCESS
_TERMINATED = api_pb2.GenericResult.GENERIC_STATUS_TERMINATED


class Outcomes:
    """Turns the answers of containers into results for callers, or into further attempts.

    Args:
        state: Where the records are.
        stopper: What ends containers.
        timers: Where delays run.
        enqueue: Queues an input again.
        on_published: Told the app of every input that got its result.
    """

    def __init__(
        self,
        state: PlaneState,
        stopper: Stopper,
        timers: Timers,
        enqueue: Callable[[InputRecord], None],
        on_published: Callable[[AppRecord], None],
    ) -> None:
        self._state = state
        self._stopper = stopper
        self._timers = timers
        self._enqueue = enqueue
        self._on_published = on_published

    def put(self, container: Container, output: Message) -> None:
        """Take a container's answer to an input."""
        item = container.inputs.pop(output.input_id, None)
        if item is None or item.state is InputState.DONE:
            return
        if not container.inputs and container.state is ContainerState.RUNNING:
            container.state = ContainerState.READY
        interrupted = container.interruption in RUNS_AGAIN
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
        if item.timed_out:
            output = timeout(item, self.timeout_s(item))
        elif item.cancelled and output.result.status == _TERMINATED:
            output = terminated(item)
        failed = output.result.status not in (_SUCCESS, _TERMINATED)
        if container.cluster is not None:
            self._put_in_cluster(container, container.cluster, item, output, failed)
        elif failed:
            self.fail(item, output)
        else:
            self.publish(item, output)

    def _put_in_cluster(
        self, container: Container, cluster: Cluster, item: InputRecord, output: Message, failed: bool
    ) -> None:
        cluster.reported.add(container.rank)
        if failed:
            # Any rank's failure fails the call and ends all containers of the cluster.
            for other in cluster.containers:
                other.inputs.pop(item.id, None)
            self._stopper.end_cluster(cluster)
            self._timers.spawn(self._fail_after(cluster, item, output))
            return
        if len(cluster.reported) == cluster.size:
            cluster.current = None
            cluster.changed.notify()
        if container.rank == 0:
            self.publish(item, output)

    async def _fail_after(self, cluster: Cluster, item: InputRecord, output: Message) -> None:
        item.state = InputState.WAITING
        for container in cluster.containers:
            await container.ended.wait()
        self.fail(item, output)

    def fail(self, item: InputRecord, output: Message) -> None:
        """A failure that the function answers for: retry after the policy's delay, or hand it on."""
        function = self._function(item)
        policy = function.definition.retry_policy
        if item.retries_used >= policy.retries or item.cancelled:
            self.publish(item, output)
            return
        item.retries_used += 1
        if item.call.kept:
            self._state.store.calls.save_retry(item)
        item.state = InputState.WAITING
        item.container = None
        delay = retry_delay_s(policy, item.retries_used)
        self._state.events.record(
            "input_retried", input_id=item.id, function=function.name, retry=item.retries_used, delay_s=delay
        )
        self._timers.later(delay, lambda: self._enqueue(item))

    def publish(self, item: InputRecord, output: Message) -> None:
        """Hand a result to the caller; only the first one counts."""
        if item.state is InputState.DONE:
            return
        item.state = InputState.DONE
        item.output = output
        item.call.finished.append(item)
        if item.call.kept:
            self._state.store.calls.save_output(item)
        item.call.changed.notify()
        self._on_published(self._state.app_of(self._function(item)))

    def watch(self, item: InputRecord) -> None:
        """Cancel the attempt that begins now when the function's timeout is over."""
        attempt, limit = item.attempts, self.timeout_s(item)

        def check() -> None:
            if item.state is InputState.RUNNING and item.attempts == attempt:
                self._time_out(item)

        self._timers.later(limit, check)

    def end_time(self, container: Container) -> None:
        """Cancel what a container works on as if the timeout of its function were over."""
        for item in list(container.inputs.values()):
            self._time_out(item)

    def _time_out(self, item: InputRecord) -> None:
        item.timed_out = True
        self._state.events.record("input_timed_out", input_id=item.id, timeout_s=self.timeout_s(item))
        self._cancel_running(item)

    def cancel(self, call: CallRecord, *, terminate_containers: bool) -> None:
        """Cancel what is left of a call."""
        queue = self._state.functions[call.function_id].queue
        for item in call.inputs.values():
            if item.state is InputState.DONE:
                continue
            item.cancelled = True
            if item in queue:
                queue.remove(item)
            if item.state is not InputState.RUNNING:
                self.publish(item, terminated(item))
                continue
            if terminate_containers:
                for container in self._holders(item):
                    self._stopper.kill(container, Interruption.APP_STOPPED)
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

        self._timers.later(CANCEL_GRACE_S, end_stubborn)

    def _holders(self, item: InputRecord) -> list[Container]:
        return [c for c in self._function(item).containers if item.id in c.inputs]

    def _function(self, item: InputRecord) -> FunctionRecord:
        return self._state.functions[item.call.function_id]

    def timeout_s(self, item: InputRecord) -> int:
        """Seconds that one attempt of an input may take."""
        definition = self._function(item).definition
        default = self._state.settings.facts["function.timeout_default_s"].value
        return int(definition.timeout_secs or default)
