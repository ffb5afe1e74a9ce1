"""What is known of function calls: their inputs' states, and which call came of which."""

from __future__ import annotations

from modal_proto import api_pb2

from tminus.controlplane.model import CallRecord, Enum, InputRecord, InputState, Message
from tminus.controlplane.service.base import Caller, ServiceBase, found

_RESULT = api_pb2.GenericResult
_CATEGORIES = {
    _RESULT.GENERIC_STATUS_UNSPECIFIED: "pending_inputs",
    _RESULT.GENERIC_STATUS_SUCCESS: "succeeded_inputs",
    _RESULT.GENERIC_STATUS_TIMEOUT: "timeout_inputs",
    _RESULT.GENERIC_STATUS_TERMINATED: "cancelled_inputs",
}


class CallInfo(ServiceBase):
    """Questions about calls that change nothing."""

    async def FunctionCallGetInfo(self, request: Message, caller: Caller) -> Message:
        """How many inputs of a call are where."""
        call = found(
            self.state.calls.get(request.function_call_id), f"Function call {request.function_call_id}"
        )
        info = api_pb2.FunctionCallInfo(
            function_call_id=call.id, created_at=call.created_s, total_inputs=len(call.inputs)
        )
        for item in call.inputs.values():
            getattr(info, _CATEGORIES.get(_status(item), "failed_inputs")).total += 1
        return api_pb2.FunctionCallGetInfoResponse(info=info)

    async def FunctionGetCallGraph(self, request: Message, caller: Caller) -> Message:
        """A call with those that its inputs made, and those that led to it."""
        call = found(
            self.state.calls.get(request.function_call_id), f"Function call {request.function_call_id}"
        )
        response = api_pb2.FunctionGetCallGraphResponse()
        for one in self._family(call):
            definition = self.function(one.function_id).definition
            response.function_calls.add(
                function_call_id=one.id,
                parent_input_id=one.parent_input_id,
                function_name=definition.function_name,
                module_name=definition.module_name,
            )
            for item in one.inputs.values():
                response.inputs.add(
                    input_id=item.id,
                    status=_status(item),
                    function_call_id=one.id,
                    task_id=item.container.task_id if item.container is not None else "",
                )
        return response

    def _family(self, call: CallRecord) -> list[CallRecord]:
        while (parent := self.state.inputs.get(call.parent_input_id)) is not None:
            call = parent.call
        family = [call]
        for one in family:
            ids = {item.id for item in one.inputs.values()}
            family += [other for other in self.state.calls.values() if other.parent_input_id in ids]
        return family


def _status(item: InputRecord) -> Enum:
    if item.state is not InputState.DONE:
        return _RESULT.GENERIC_STATUS_UNSPECIFIED
    return item.output.result.status
