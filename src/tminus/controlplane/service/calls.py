"""Calls of functions, as the caller sees them: inputs in, outputs back."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence

from google.protobuf.empty_pb2 import Empty
from grpclib import GRPCError, Status
from modal_proto import api_pb2

from tminus.controlplane.backlog import refusal
from tminus.controlplane.model import CallRecord, InputRecord, Message, new_id
from tminus.controlplane.service.base import Caller, ServiceBase, found

# The client asks with a timeout of 55 s and asks again; it gives up a request 5 s later.
OUTPUT_POLL_S = 55.0
# The client's own default (modal 1.6.4, modal/parallel_map.py).
INPUTS_OUTSTANDING_MAX = 1000
_WAITING = {
    api_pb2.FUNCTION_CALL_INVOCATION_TYPE_SYNC,
    api_pb2.FUNCTION_CALL_INVOCATION_TYPE_SYNC_LEGACY,
}
# The client decodes the part between the dots and checks no signature.
_JWT = "e30.e30.e30"


class Calls(ServiceBase):
    """Calling a function, waiting for its outputs, cancelling."""

    async def FunctionMap(self, request: Message, caller: Caller) -> Message:
        """Begin a call, with its first inputs if there are any."""
        function = found(self.state.functions.get(request.function_id), f"Function {request.function_id}")
        kind = request.function_call_invocation_type
        call = CallRecord(new_id("fc"), function.id, kind, request.parent_input_id)
        self._check_room(call, len(request.pipelined_inputs))
        self.state.calls[call.id] = call
        # Who waits for a call is gone when the service ends; what was spawned can still be asked for.
        if kind not in _WAITING and self.state.app_of(function).name:
            call.kept = True
            self.state.store.calls.save(call, function)
            if function.binding is not None:
                self.keep_own_secrets(function)
        return api_pb2.FunctionMapResponse(
            function_call_id=call.id,
            pipelined_inputs=self._add(call, request.pipelined_inputs),
            function_call_jwt=_JWT,
            retry_policy=function.definition.retry_policy,
            # The control plane retries: it knows which failures are the platform's and which the function's.
            sync_client_retries_enabled=False,
            max_inputs_outstanding=INPUTS_OUTSTANDING_MAX,
        )

    async def FunctionPutInputs(self, request: Message, caller: Caller) -> Message:
        """Further inputs of a call."""
        return api_pb2.FunctionPutInputsResponse(inputs=self._add(self._call(request), request.inputs))

    async def FunctionFinishInputs(self, request: Message, caller: Caller) -> Message:
        """No further inputs will come."""
        return Empty()

    def _add(self, call: CallRecord, items: Sequence[Message]) -> list[Message]:
        self._check_room(call, len(items))
        records = [InputRecord(new_id("in"), call, item.idx, item.input) for item in items]
        if call.kept:
            self.state.store.calls.save_inputs(records)
        for record in records:
            call.inputs[record.index] = record
            self.state.inputs[record.id] = record
            self.scheduler.enqueue(record)
        return [
            api_pb2.FunctionPutInputsResponseItem(idx=record.index, input_id=record.id, input_jwt=_JWT)
            for record in records
        ]

    def _check_room(self, call: CallRecord, number: int) -> None:
        """Refuse what more inputs than a function may have; a map's client waits and tries again."""
        function = self.function(call.function_id)
        full = refusal(self.state.settings.facts, function, number, waits=call.invocation_type in _WAITING)
        if full:
            raise GRPCError(Status.RESOURCE_EXHAUSTED, full)

    async def FunctionGetOutputs(self, request: Message, caller: Caller) -> Message:
        """Outputs of a call: those of some indices, or those that are new; waits until there is one."""
        call = self._call(request)
        deadline = time.monotonic() + min(request.timeout, OUTPUT_POLL_S)
        by_index = request.HasField("start_idx")
        position = 0 if by_index else int(request.last_entry_id.partition("-")[0] or 0)
        while True:
            items = call.finished[position:]
            if by_index:
                items = [item for item in items if request.start_idx <= item.index <= request.end_idx]
            remaining = deadline - time.monotonic()
            if items or remaining <= 0:
                break
            await call.changed.wait(remaining)
        if request.max_values:
            items = items[: request.max_values]
        entry = len(call.finished) if by_index else position + len(items)
        return api_pb2.FunctionGetOutputsResponse(
            idxs=[item.index for item in items],
            outputs=[_output(item) for item in items],
            last_entry_id=f"{entry}-0",
            num_unfinished_inputs=call.unfinished,
        )

    async def FunctionCallFromId(self, request: Message, caller: Caller) -> Message:
        """A call by id."""
        call = self._call(request)
        app_id = self.function(call.function_id).app_id
        return api_pb2.FunctionCallFromIdResponse(
            function_call_id=call.id,
            num_inputs=len(call.inputs),
            metadata=api_pb2.FunctionCallHandleMetadata(app_id=app_id, function_id=call.function_id),
        )

    async def FunctionCallCancel(self, request: Message, caller: Caller) -> Message:
        """Cancel what is left of a call."""
        self.scheduler.outcomes.cancel(self._call(request), terminate_containers=request.terminate_containers)
        return Empty()

    async def FunctionCallGetDataOut(self, request: Message, caller: Caller) -> AsyncIterator[Message]:
        """What a generator yields, from where the client left off."""
        call = self._call(request)
        async for chunk in _follow(call, call.chunks, request.last_index):
            yield chunk

    async def FunctionCallGetDataIn(self, request: Message, caller: Caller) -> AsyncIterator[Message]:
        """What a web function's caller sends, from where the container left off."""
        call = self._call(request)
        async for chunk in _follow(call, call.incoming, request.last_index):
            yield chunk

    async def FunctionCallPutDataOut(self, request: Message, caller: Caller) -> Message:
        """What a generator yielded."""
        call = self._call(request)
        call.chunks.extend(request.data_chunks)
        call.changed.notify()
        return Empty()

    def _call(self, request: Message) -> CallRecord:
        call_id = request.function_call_id
        return found(self.state.calls.get(call_id), f"Function call {call_id}")


async def _follow(call: CallRecord, chunks: Sequence[Message], last: int) -> AsyncIterator[Message]:
    """Chunks behind an index as they come, until the call ends or the client is to ask again."""
    deadline = time.monotonic() + OUTPUT_POLL_S
    while True:
        for chunk in [chunk for chunk in chunks if chunk.index > last]:
            last = chunk.index
            yield chunk
        remaining = deadline - time.monotonic()
        if remaining <= 0 or (call.inputs and not call.unfinished):
            return
        await call.changed.wait(remaining)


def _output(item: InputRecord) -> Message:
    output = item.output
    return api_pb2.FunctionGetOutputsItem(
        result=output.result,
        idx=item.index,
        input_id=item.id,
        data_format=output.data_format,
        task_id=item.container.task_id if item.container is not None else "",
        input_started_at=output.input_started_at or item.started_s,
        output_created_at=output.output_created_at or time.time(),
        # The client compares this with what it retried itself, and it retries nothing.
        retry_count=0,
    )
