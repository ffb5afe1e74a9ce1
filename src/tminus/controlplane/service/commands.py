"""Access to commands in containers."""

from __future__ import annotations

from modal_proto import api_pb2

from tminus.controlplane.model import Message
from tminus.controlplane.service.base import Caller, ServiceBase, found


class Commands(ServiceBase):
    """Where, and with which token, the client asks for commands in a container."""

    async def TaskGetCommandRouterAccess(self, request: Message, caller: Caller) -> Message:
        """A token for one container's commands; the service itself runs them."""
        container = self.task(request.task_id)
        found(container.process if container.alive else None, f"Running container {request.task_id}")
        return api_pb2.TaskGetCommandRouterAccessResponse(
            jwt=self.state.commands.grant(container.task_id), url=self.state.url
        )
