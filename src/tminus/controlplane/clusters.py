"""Starting clusters: all ranks together, on a network of their own."""

from __future__ import annotations

import asyncio

from tminus.controlplane.containers import Cluster, Container
from tminus.controlplane.model import FunctionRecord
from tminus.controlplane.runner import ContainerRunner
from tminus.controlplane.sandbox import PrivateNetwork
from tminus.controlplane.state import PlaneState


class ClusterStarter:
    """Makes the containers of a cluster and its network."""

    def __init__(self, state: PlaneState, runner: ContainerRunner) -> None:
        self._state = state
        self._runner = runner
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, function: FunctionRecord, size: int) -> list[Container]:
        """Start the containers of a cluster, one a rank, in the background."""
        cluster = Cluster(function, size)
        cluster.containers = [Container(function, cluster=cluster, rank=rank) for rank in range(size)]
        function.containers.extend(cluster.containers)
        task = asyncio.create_task(self._start(cluster))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return cluster.containers

    async def _start(self, cluster: Cluster) -> None:
        try:
            settings = self._state.settings
            cluster.network = await PrivateNetwork.create(cluster.size, settings.isolation, settings.relayed)
        except (OSError, RuntimeError, TimeoutError) as error:
            for container in cluster.containers:
                container.failure = f"the cluster could not be started: {error}"
        for container in cluster.containers:
            self._runner.start(container)

    async def close(self, cluster: Cluster) -> None:
        """Take down the network of a cluster whose containers are gone."""
        if cluster.network is not None:
            network, cluster.network = cluster.network, None
            await network.close()
