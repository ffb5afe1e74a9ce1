"""Clusters: ranks meet, and learn each other's addresses."""

from __future__ import annotations

from grpclib import GRPCError, Status
from modal_proto import api_pb2

from tminus.controlplane.containers import Cluster
from tminus.controlplane.model import Message
from tminus.controlplane.service.base import Caller, ServiceBase, found, of_container

BARRIER_POLL_S = 30.0


class Clusters(ServiceBase):
    """The barrier at the start of a cluster, and what is known about one."""

    async def TaskClusterHello(self, request: Message, caller: Caller) -> Message:
        """Wait until every rank is there, then tell each its rank and all addresses."""
        container = of_container(caller)
        cluster = container.cluster
        if cluster is None or cluster.network is None:
            raise GRPCError(Status.FAILED_PRECONDITION, "this container belongs to no cluster")
        cluster.arrived.add(container.rank)
        cluster.changed.notify()
        while len(cluster.arrived) < cluster.size:
            if container.draining:
                raise GRPCError(Status.ABORTED, "the cluster is being restarted")
            await cluster.changed.wait(BARRIER_POLL_S)
        return api_pb2.TaskClusterHelloResponse(
            cluster_id=cluster.id,
            cluster_rank=container.rank,
            container_ips=cluster.network.ipv6,
            container_ipv4_ips=cluster.network.ipv4,
        )

    async def ClusterGet(self, request: Message, caller: Caller) -> Message:
        """A cluster's containers by rank."""
        cluster = found(self._cluster(request.cluster_id), f"Cluster {request.cluster_id}")
        return api_pb2.ClusterGetResponse(
            cluster=api_pb2.ClusterStats(
                app_id=cluster.function.app_id,
                task_ids=[container.task_id for container in cluster.containers],
                cluster_id=cluster.id,
                started_at=cluster.started_s,
            )
        )

    def _cluster(self, cluster_id: str) -> Cluster | None:
        for function in self.state.functions.values():
            for container in function.containers:
                if container.cluster is not None and container.cluster.id == cluster_id:
                    return container.cluster
        return None
