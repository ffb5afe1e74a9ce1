"""Output of an app's containers: followed as it comes, or read back."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

from modal_proto import api_pb2

from tminus.controlplane.logs import LogEntry
from tminus.controlplane.model import AppRecord, Message
from tminus.controlplane.service.base import Caller, ServiceBase

# The client asks with a timeout of 55 s and asks again.
LOG_POLL_S = 55.0


class AppLogs(ServiceBase):
    """What `modal run`, `modal app logs` and `modal container logs` show."""

    async def AppGetLogs(self, request: Message, caller: Caller) -> AsyncIterator[Message]:
        """Follow the output of an app's containers, from where the client left off, to the app's end."""
        app = self._app_of(request)
        position = int(request.last_entry_id or 0)
        deadline = time.monotonic() + min(request.timeout, LOG_POLL_S)
        while True:
            complete = app.log.complete
            while entries := self.state.store.logs.after(app.id, position, request.task_id):
                for entry in entries:
                    position = entry.position
                    yield _batch(entry)
            if complete:
                yield api_pb2.TaskLogsBatch(app_done=True)
                return
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return
            await app.log.changed.wait(remaining)

    async def AppFetchLogs(self, request: Message, caller: Caller) -> Message:
        """The newest output of a time, oldest first."""
        entries = self.state.store.logs.newest(
            self.app(request.app_id).id, *_time(request), request.limit, _equal(request), request.search_text
        )
        return api_pb2.AppFetchLogsResponse(batches=[_batch(entry) for entry in entries])

    async def AppCountLogs(self, request: Message, caller: Caller) -> Message:
        """How much output there was, by time."""
        counts = self.state.store.logs.counts(
            self.app(request.app_id).id,
            *_time(request),
            max(1, request.bucket_secs),
            _equal(request),
            request.search_text,
        )
        response = api_pb2.AppCountLogsResponse(app_id=request.app_id)
        for start, stream, number in counts:
            if not response.buckets or response.buckets[-1].bucket_start_at.seconds != start:
                response.buckets.add().bucket_start_at.seconds = start
            if stream == api_pb2.FILE_DESCRIPTOR_STDERR:
                response.buckets[-1].stderr_logs = number
            else:
                response.buckets[-1].stdout_logs = number
        return response

    def _app_of(self, request: Message) -> AppRecord:
        if request.app_id:
            return self.app(request.app_id)
        return self.state.app_of(self.task(request.task_id).function)


def _time(request: Message) -> tuple[float, float]:
    since, until = request.since, request.until
    return since.seconds + since.nanos / 1e9, until.seconds + until.nanos / 1e9


def _equal(request: Message) -> dict[str, Any]:
    return {
        "function_id": request.parametrized_function_id or request.function_id,
        "call_id": request.function_call_id,
        "task_id": request.task_id,
        "stream": request.source,
    }


def _batch(entry: LogEntry) -> Message:
    item = api_pb2.TaskLogs(
        data=entry.text,
        timestamp=entry.time_s,
        file_descriptor=entry.stream,
        function_call_id=entry.call_id,
        container_id=entry.task_id,
    )
    return api_pb2.TaskLogsBatch(
        task_id=entry.task_id, function_id=entry.function_id, entry_id=str(entry.position), items=[item]
    )
