"""Queues: made, listed, put to and taken from."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from typing import TypeVar

from google.protobuf.empty_pb2 import Empty
from grpclib import GRPCError, Status
from modal_proto import api_pb2

from tminus.controlplane.model import Message
from tminus.controlplane.runner import ContainerRunner
from tminus.controlplane.scheduler import Scheduler
from tminus.controlplane.service.base import Caller, ServiceBase, found
from tminus.controlplane.service.named import find_or_create, limits
from tminus.controlplane.service.paging import newest_first
from tminus.controlplane.state import PlaneState
from tminus.controlplane.store.named import NamedRecord
from tminus.controlplane.waiting import Changed

# The client asks for at most 50 s at a time, and asks again.
GET_POLL_S = 55.0
# Items in one answer to an iteration: they are at most 1 MiB each.
ITERATED_ITEMS = 64
Item = TypeVar("Item")


class Queues(ServiceBase):
    """What `modal.Queue` and `modal queue` ask."""

    def __init__(self, state: PlaneState, scheduler: Scheduler, runner: ContainerRunner) -> None:
        super().__init__(state, scheduler, runner)
        self._put_to: defaultdict[str, Changed] = defaultdict(Changed)

    async def QueueGetOrCreate(self, request: Message, caller: Caller) -> Message:
        """Find a queue by name, or make one."""
        environment = self.environment(request.environment_name).name
        record, made = find_or_create(self.state.store.queues, request, environment, "Queue")
        if made:
            self.state.housekeeping.made(record)
        return api_pb2.QueueGetOrCreateResponse(queue_id=record.id, metadata=_metadata(record))

    async def QueueGetById(self, request: Message, caller: Caller) -> Message:
        """A queue by id."""
        record = self._queue(request)
        return api_pb2.QueueGetByIdResponse(queue_id=record.id, metadata=_metadata(record))

    async def QueueList(self, request: Message, caller: Caller) -> Message:
        """Named queues with their sizes."""
        environment = self.environment(request.environment_name).name
        store = self.state.store.queues
        response = api_pb2.QueueListResponse(environment_name=environment)
        for record in newest_first(store.named(environment), request.pagination):
            size = store.count(record.id, None)
            response.queues.add(
                name=record.name,
                created_at=record.created_s,
                num_partitions=store.partitions(record.id),
                total_size=min(size, request.total_size_limit) if request.total_size_limit else size,
                queue_id=record.id,
                metadata=_metadata(record),
            )
        return response

    async def QueueHeartbeat(self, request: Message, caller: Caller) -> Message:
        """An ephemeral queue is still in use."""
        self.state.housekeeping.heard_of(self._queue(request).id)
        return Empty()

    async def QueueDelete(self, request: Message, caller: Caller) -> Message:
        """Remove a queue with its items."""
        self.state.store.queues.delete(self._queue(request).id)
        return Empty()

    async def QueueClear(self, request: Message, caller: Caller) -> Message:
        """Remove the items of a partition, or of all."""
        partition = None if request.all_partitions else request.partition_key
        self.state.store.queues.clear(self._queue(request).id, partition)
        return Empty()

    async def QueuePut(self, request: Message, caller: Caller) -> Message:
        """Add items; where there is no room, the client waits and tries again."""
        queue = self._queue(request)
        longest = int(self.state.settings.facts["queue.partition_expires_s"].value)
        expires_after_s = request.partition_ttl_seconds or longest
        if expires_after_s < 0:
            raise GRPCError(Status.INVALID_ARGUMENT, f"partition_ttl={expires_after_s} is negative")
        with limits():
            self.state.store.queues.put(queue.id, request.partition_key, request.values, expires_after_s)
        self._put_to[queue.id].notify()
        return Empty()

    async def QueueGet(self, request: Message, caller: Caller) -> Message:
        """Remove the first items of a partition; waits until there is one."""
        number, store = max(1, request.n_values), self.state.store.queues
        values = await self._when_there(
            request, request.timeout, lambda queue_id: store.take(queue_id, request.partition_key, number)
        )
        return api_pb2.QueueGetResponse(values=values)

    async def QueueNextItems(self, request: Message, caller: Caller) -> Message:
        """The next items of a partition, which stay in it; waits until there is one."""
        position, store = int(request.last_entry_id or 0), self.state.store.queues
        items = await self._when_there(
            request,
            request.item_poll_timeout,
            lambda queue_id: store.after(queue_id, request.partition_key, position, ITERATED_ITEMS),
        )
        return api_pb2.QueueNextItemsResponse(
            items=[api_pb2.QueueItem(value=value, entry_id=str(n)) for n, value in items]
        )

    async def QueueLen(self, request: Message, caller: Caller) -> Message:
        """Number of items in a partition, or in all."""
        partition = None if request.total else request.partition_key
        return api_pb2.QueueLenResponse(len=self.state.store.queues.count(self._queue(request).id, partition))

    async def _when_there(
        self, request: Message, timeout_s: float, read: Callable[[str], list[Item]]
    ) -> list[Item]:
        """What `read` gives of a queue as soon as there is something, or nothing once the time is over."""
        deadline = time.monotonic() + min(timeout_s, GET_POLL_S)
        while True:
            queue = self._queue(request)
            there = read(queue.id)
            remaining = deadline - time.monotonic()
            if there or remaining <= 0:
                return there
            await self._put_to[queue.id].wait(remaining)

    def _queue(self, request: Message) -> NamedRecord:
        return found(self.state.store.queues.get(request.queue_id), f"Queue {request.queue_id}")


def _metadata(record: NamedRecord) -> Message:
    metadata = api_pb2.QueueMetadata(name=record.name)
    metadata.creation_info.created_at = record.created_s
    return metadata
