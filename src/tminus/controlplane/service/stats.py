"""How calls went, counted from what this control plane remembers of them."""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Iterable, Sequence

from modal_proto import api_pb2

from tminus.controlplane.containers import Container
from tminus.controlplane.model import Enum, FunctionRecord, InputRecord, InputState, Message
from tminus.controlplane.service.base import Caller, ServiceBase

# The client shows these percentiles, by these names (modal 1.6.4, modal/cli/function.py, _stats.py).
_BASIS_POINTS = (5000, 9000, 9900)
_EXECUTION, _END_TO_END, _STARTUP = "Execution time (s)", "End-to-end latency (s)", "Startup time (s)"
_RESULT, _STATUS = api_pb2.GenericResult, api_pb2
_ENDED = {
    _RESULT.GENERIC_STATUS_SUCCESS: _STATUS.FUNCTION_CALL_INPUT_STATUS_SUCCESS,
    _RESULT.GENERIC_STATUS_TIMEOUT: _STATUS.FUNCTION_CALL_INPUT_STATUS_TIMEOUT,
    _RESULT.GENERIC_STATUS_TERMINATED: _STATUS.FUNCTION_CALL_INPUT_STATUS_TERMINATED,
    _RESULT.GENERIC_STATUS_INIT_FAILURE: _STATUS.FUNCTION_CALL_INPUT_STATUS_INIT_FAILURE,
}


class Stats(ServiceBase):
    """What `modal function calls`, `stats` and `variants`, and `modal app stats` ask."""

    async def FunctionCallFetch(self, request: Message, caller: Caller) -> Message:
        """The newest inputs of a function, or those of a time, oldest first."""
        items = self._inputs(self._group(request.function_id, request.all_variants))
        if request.HasField("range"):
            items = _between(items, request.range.since, request.range.until)[: request.range.limit or None]
        else:
            items = items[-request.tail.count :]
        return api_pb2.FunctionCallFetchResponse(function_call_inputs=[_described(item) for item in items])

    async def FunctionCallCount(self, request: Message, caller: Caller) -> Message:
        """How many inputs a function got, by time."""
        items = self._inputs(self._group(request.function_id, request.all_variants))
        size = max(1, request.bucket_secs)
        counts = Counter(
            int(item.call.created_s // size) * size for item in _between(items, request.since, request.until)
        )
        response = api_pb2.FunctionCallCountResponse()
        for start, count in sorted(counts.items()):
            response.buckets.add(count=count).bucket_start_at.seconds = start
        return response

    async def FunctionGetTimeRangeStats(self, request: Message, caller: Caller) -> Message:
        """Results, durations and containers of a function in a time."""
        functions = self._group(request.function_id, request.rollup)
        items = _between(self._inputs(functions), request.since, request.until)
        containers = [c for c in self.state.containers.values() if c.function in functions]
        if request.container_id:
            containers = [c for c in containers if c.task_id == request.container_id]
            items = [i for i in items if i.container is not None and i.container in containers]
        started = [c for c in containers if _inside(c.started_s, request.since, request.until)]
        ends = Counter(_status(item) for item in items)
        done = [item for item in items if item.state is InputState.DONE and item.started_s]
        response = api_pb2.FunctionGetTimeRangeStatsResponse(
            since=request.since,
            until=request.until,
            input_success_count=ends[_STATUS.FUNCTION_CALL_INPUT_STATUS_SUCCESS],
            input_timeout_count=ends[_STATUS.FUNCTION_CALL_INPUT_STATUS_TIMEOUT],
            input_failure_count=sum(count for status, count in ends.items() if _failed(status)),
            input_running_at_end_count=ends[_STATUS.FUNCTION_CALL_INPUT_STATUS_RUNNING],
            container_started_count=len(started),
            container_error_count=sum(bool(c.exit_code) and not c.interruption for c in started),
            container_creating_at_end_count=sum(c.alive and c.ready_s is None for c in containers),
            container_total_count=len(containers),
            variant_count=len(self._group(request.function_id, all_variants=True)) - 1,
        )
        _percentiles(response.input_percentile_stats, _EXECUTION, [_duration_s(item) for item in done])
        latencies = [item.started_s + _duration_s(item) - item.call.created_s for item in done]
        _percentiles(response.input_percentile_stats, _END_TO_END, latencies)
        boots = [c.ready_s - c.started_s for c in started if c.ready_s is not None]
        _percentiles(response.container_percentile_stats, _STARTUP, boots)
        return response

    async def AppGetTimeRangeStats(self, request: Message, caller: Caller) -> Message:
        """Results and containers of an app's functions in a time, and how often it was deployed."""
        app = self.app(request.app_id)
        response = api_pb2.AppGetTimeRangeStatsResponse(since=request.since, until=request.until)
        for name, function_id in app.function_ids.items():
            functions = self._group(function_id, all_variants=True)
            items = _between(self._inputs(functions), request.since, request.until)
            containers = [c for c in self.state.containers.values() if c.function in functions]
            response.functions.by_name[name].object_id = function_id
            _add_counts(response.functions.by_name[name].counts, items, containers)
            _add_counts(response.functions.total, items, containers)
        response.deployment_count = sum(
            _inside(deployment.deployed_s, request.since, request.until)
            for deployment in self.state.store.apps.deployments(app.id)
        )
        return response

    async def FunctionListVariants(self, request: Message, caller: Caller) -> Message:
        """Variants of a function: with parameters of its class, or with other options."""
        response = api_pb2.FunctionListVariantsResponse()
        for variant_id in list(self.function(request.function_id).bound.values())[: request.limit or None]:
            binding = self.function(variant_id).binding
            response.infos.add(
                function_id=variant_id,
                serialized_params=binding.serialized_params,
                function_options=binding.function_options if binding.HasField("function_options") else None,
            )
        return response

    def _group(self, function_id: str, all_variants: bool) -> list[FunctionRecord]:
        function = self.function(function_id)
        return [function, *(self.function(i) for i in function.bound.values() if all_variants)]

    def _inputs(self, functions: Iterable[FunctionRecord]) -> list[InputRecord]:
        ids = {function.id for function in functions}
        calls = [call for call in self.state.calls.values() if call.function_id in ids]
        return [item for call in sorted(calls, key=lambda c: c.created_s) for item in call.inputs.values()]


def _inside(moment_s: float, since: Message, until: Message) -> bool:
    """Whether a moment is in a time; a bound that says nothing is open."""
    later = not since.seconds or moment_s >= since.seconds + since.nanos / 1e9
    return later and (not until.seconds or moment_s < until.seconds + until.nanos / 1e9)


def _between(items: Sequence[InputRecord], since: Message, until: Message) -> list[InputRecord]:
    return [item for item in items if _inside(item.call.created_s, since, until)]


def _status(item: InputRecord) -> Enum:
    if item.state is InputState.DONE:
        return _ENDED.get(item.output.result.status, _STATUS.FUNCTION_CALL_INPUT_STATUS_FAILURE)
    if item.state is InputState.RUNNING:
        return _STATUS.FUNCTION_CALL_INPUT_STATUS_RUNNING
    return _STATUS.FUNCTION_CALL_INPUT_STATUS_PENDING


def _failed(status: Enum) -> bool:
    return status in {
        _STATUS.FUNCTION_CALL_INPUT_STATUS_FAILURE,
        _STATUS.FUNCTION_CALL_INPUT_STATUS_INIT_FAILURE,
    }


def _duration_s(item: InputRecord) -> float:
    """How long the last attempt took, or takes."""
    end = item.output.output_created_at if item.output is not None else 0.0
    return max(0.0, (end or time.time()) - item.started_s)


def _described(item: InputRecord) -> Message:
    info = api_pb2.FunctionCallInputInfo(status=_status(item), function_call_id=item.call.id)
    info.enqueued_at.FromMilliseconds(int(item.call.created_s * 1000))
    if item.started_s:
        info.started_at.FromMilliseconds(int(item.started_s * 1000))
    if item.container is not None:
        info.container_id = item.container.task_id
    if item.state is InputState.DONE and item.started_s:
        info.execution_time_seconds = _duration_s(item)
    if item.payload.method_name:
        info.service_method_name = item.payload.method_name
    return info


def _percentiles(into: Message, name: str, values: Sequence[float]) -> None:
    if not values:
        return
    cuts = statistics.quantiles(values if len(values) > 1 else [*values, *values], n=100, method="inclusive")
    into[name].unit = "s"
    for points in _BASIS_POINTS:
        into[name].percentiles.add(percentile_basis_points=points, value=cuts[points // 100 - 1])


def _add_counts(counts: Message, items: Iterable[InputRecord], containers: Iterable[Container]) -> None:
    for status in map(_status, items):
        counts.calls.total += 1
        counts.calls.succeeded += status == _STATUS.FUNCTION_CALL_INPUT_STATUS_SUCCESS
        counts.calls.failed += _failed(status) or status == _STATUS.FUNCTION_CALL_INPUT_STATUS_TIMEOUT
    for container in containers:
        counts.containers.container_active_count += container.alive
        counts.containers.container_errors += bool(container.exit_code) and not container.interruption
