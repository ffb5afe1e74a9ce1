"""`modal.forward`: a container's port made reachable, here on loopback instead of the internet."""

from __future__ import annotations

from grpclib import GRPCError, Status
from modal_proto import api_pb2

from tminus.controlplane.blobs import LOOPBACK
from tminus.controlplane.model import Message
from tminus.controlplane.service.base import Caller, ServiceBase, of_container


class Tunnels(ServiceBase):
    """Tunnels of containers."""

    async def TunnelStart(self, request: Message, caller: Caller) -> Message:
        """Open a tunnel to a port of the container that asks."""
        container = of_container(caller)
        try:
            tunnel = await self.scheduler.tunnels.open(
                container,
                request.port,
                unencrypted=request.unencrypted,
                h2=request.tunnel_type == api_pb2.TUNNEL_TYPE_H2,
            )
        except OSError as error:
            raise GRPCError(Status.FAILED_PRECONDITION, str(error)) from error
        if tunnel is None:
            raise GRPCError(Status.ALREADY_EXISTS, f"port {request.port} is forwarded already")
        self.state.events.record(
            "tunnel_opened",
            container.task_id,
            port=tunnel.port,
            url=f"https://{LOOPBACK}:{tunnel.tls_port}",
            tcp_port=tunnel.tcp_port,
        )
        return api_pb2.TunnelStartResponse(
            host=LOOPBACK,
            port=tunnel.tls_port,
            unencrypted_host=LOOPBACK if request.unencrypted else "",
            unencrypted_port=tunnel.tcp_port,
        )

    async def TunnelStop(self, request: Message, caller: Caller) -> Message:
        """Close a tunnel of the container that asks."""
        exists = self.scheduler.tunnels.close(of_container(caller), request.port)
        return api_pb2.TunnelStopResponse(exists=exists)
