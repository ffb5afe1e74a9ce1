"""Dicts: made, listed, read and written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2

from tminus.controlplane.model import Message
from tminus.controlplane.service.base import Caller, ServiceBase, found
from tminus.controlplane.service.named import find_or_create, limits
from tminus.controlplane.service.paging import newest_first
from tminus.controlplane.store.named import NamedRecord


class Dicts(ServiceBase):
    """What `modal.Dict` and `modal dict` ask."""

    async def DictGetOrCreate(self, request: Message, caller: Caller) -> Message:
        """Find a dict by name, or make one."""
        store = self.state.store.dicts
        environment = self.environment(request.environment_name).name
        record, made = find_or_create(store, request, environment, "Dict")
        if made:
            self.state.housekeeping.made(record)
        if made and request.data:
            with limits():
                store.update(record.id, [(e.key, e.value) for e in request.data], skip_existing=False)
        return api_pb2.DictGetOrCreateResponse(dict_id=record.id, metadata=_metadata(record))

    async def DictGetById(self, request: Message, caller: Caller) -> Message:
        """A dict by id."""
        record = self._dict(request)
        return api_pb2.DictGetByIdResponse(dict_id=record.id, metadata=_metadata(record))

    async def DictList(self, request: Message, caller: Caller) -> Message:
        """Named dicts."""
        environment = self.environment(request.environment_name).name
        response = api_pb2.DictListResponse(environment_name=environment)
        for record in newest_first(self.state.store.dicts.named(environment), request.pagination):
            response.dicts.add(
                name=record.name,
                created_at=record.created_s,
                dict_id=record.id,
                metadata=_metadata(record),
            )
        return response

    async def DictHeartbeat(self, request: Message, caller: Caller) -> Message:
        """An ephemeral dict is still in use."""
        self.state.housekeeping.heard_of(self._dict(request).id)
        return Empty()

    async def DictDelete(self, request: Message, caller: Caller) -> Message:
        """Remove a dict with its entries."""
        await asyncio.to_thread(self.state.store.dicts.delete, self._dict(request).id)
        return Empty()

    async def DictClear(self, request: Message, caller: Caller) -> Message:
        """Remove all entries."""
        await asyncio.to_thread(self.state.store.dicts.clear, self._dict(request).id)
        return Empty()

    async def DictUpdate(self, request: Message, caller: Caller) -> Message:
        """Set entries."""
        entries = [(entry.key, entry.value) for entry in request.updates]
        with limits():
            created = await asyncio.to_thread(
                self.state.store.dicts.update,
                self._dict(request).id,
                entries,
                skip_existing=request.if_not_exists,
            )
        return api_pb2.DictUpdateResponse(created=created)

    async def DictGet(self, request: Message, caller: Caller) -> Message:
        """The value of a key."""
        value = await asyncio.to_thread(self.state.store.dicts.read, self._dict(request).id, request.key)
        return api_pb2.DictGetResponse(found=value is not None, value=value)

    async def DictPop(self, request: Message, caller: Caller) -> Message:
        """Remove a key and give its value."""
        value = await asyncio.to_thread(self.state.store.dicts.pop, self._dict(request).id, request.key)
        return api_pb2.DictPopResponse(found=value is not None, value=value)

    async def DictContains(self, request: Message, caller: Caller) -> Message:
        """Whether a key is there."""
        there = self.state.store.dicts.contains(self._dict(request).id, request.key)
        return api_pb2.DictContainsResponse(found=there)

    async def DictLen(self, request: Message, caller: Caller) -> Message:
        """Number of entries."""
        return api_pb2.DictLenResponse(len=self.state.store.dicts.count(self._dict(request).id))

    async def DictContents(self, request: Message, caller: Caller) -> AsyncIterator[Message]:
        """All entries: keys, values or both. Keys always come along: the client names them in its errors."""
        for key, value in self.state.store.dicts.items(self._dict(request).id):
            yield api_pb2.DictEntry(key=key, value=value if request.values else b"")

    def _dict(self, request: Message) -> NamedRecord:
        return found(self.state.store.dicts.get(request.dict_id), f"Dict {request.dict_id}")


def _metadata(record: NamedRecord) -> Message:
    metadata = api_pb2.DictMetadata(name=record.name)
    metadata.creation_info.created_at = record.created_s
    return metadata
