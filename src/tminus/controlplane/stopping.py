"""Ending containers: in good order, by preemption, or at once."""

from __future__ import annotations

import asyncio

from tminus.controlplane.containers import Cluster, Container, ContainerState, Interruption
from tminus.controlplane.state import PlaneState
from tminus.controlplane.timers import Timers

# An idle container that was told to leave has this long before it is signalled.
LEAVE_GRACE_S = 5.0


class Stopper:
    """Signals containers and makes sure that they end."""

    def __init__(self, state: PlaneState, timers: Timers) -> None:
        self._state = state
        self._timers = timers

    def preempt(self, container: Container, grace_s: float | None = None) -> None:
        """Take a container back as the platform does: SIGINT, a grace period, SIGKILL.

        The whole cluster of a clustered function goes with it.
        """
        grace = self._grace_s() if grace_s is None else grace_s
        members = container.cluster.containers if container.cluster is not None else [container]
        for member in members:
            if member.alive:
                self._interrupt(member, Interruption.PREEMPTED, grace)

    def kill(self, container: Container, interruption: Interruption = Interruption.KILLED) -> None:
        """End a container at once: nothing of it runs any more, not even its exit handlers."""
        if not container.alive:
            return
        if container.interruption is Interruption.NONE:
            container.interruption = interruption
        container.stop_taking()
        self._kill_now(container)

    def exhaust_memory(self, container: Container) -> None:
        """Kill a container's processes as the kernel does: nobody asked for it, so its inputs fail."""
        if container.process is None or not container.alive:
            return
        self._state.events.record(
            "container_killed", container.task_id, reason="out of memory", rank=container.rank
        )
        container.stop_taking()
        container.process.kill()

    def stop(self, container: Container, interruption: Interruption) -> None:
        """Let an idle container leave by itself; interrupt one that works."""
        if not container.alive:
            return
        if container.state is ContainerState.STARTING:
            self.kill(container, interruption)  # it has nothing to lose yet
            return
        if container.inputs:
            self._interrupt(container, interruption, self._grace_s())
            return
        if container.interruption is Interruption.NONE:
            container.interruption = interruption
        container.state = ContainerState.STOPPING
        container.stop_taking()
        self._timers.spawn(self._see_off(container))

    def end_cluster(self, cluster: Cluster) -> None:
        """End what is left of a cluster that lost a rank."""
        for container in cluster.containers:
            if container.alive and container.interruption is Interruption.NONE:
                self._interrupt(container, Interruption.CLUSTER, self._grace_s())

    def _interrupt(self, container: Container, interruption: Interruption, grace_s: float) -> None:
        if container.interruption is Interruption.NONE:
            container.interruption = interruption
        container.stop_taking()
        if container.state is not ContainerState.STARTING:
            container.state = ContainerState.STOPPING
        if container.process is None:
            return  # its runner ends it as soon as it has begun
        if not container.signalled:
            container.signalled = True
            self._state.events.record(
                "preemption_signalled" if interruption is Interruption.PREEMPTED else "container_signalled",
                container.task_id,
                # Interrupted imports of the client would fill the log and show nothing of the script.
                signal="SIGINT" if container.greeted else "SIGKILL",
                grace_s=grace_s,
                reason=container.interruption.value,
                rank=container.rank,
            )
            if not container.greeted:
                self._kill_now(container)
                return
            container.process.interrupt()
        self._timers.spawn(self._kill_after(container, grace_s))

    async def _see_off(self, container: Container) -> None:
        try:
            async with asyncio.timeout(LEAVE_GRACE_S):
                await container.ended.wait()
        except TimeoutError:
            self._interrupt(container, container.interruption, self._grace_s())

    async def _kill_after(self, container: Container, grace_s: float) -> None:
        try:
            async with asyncio.timeout(grace_s):
                await container.ended.wait()
        except TimeoutError:
            self._kill_now(container)

    def _kill_now(self, container: Container) -> None:
        if container.process is not None and container.alive:
            self._state.events.record(
                "container_killed",
                container.task_id,
                reason=container.interruption.value,
                rank=container.rank,
            )
            container.process.kill()

    def _grace_s(self) -> float:
        return float(self._state.settings.facts["function.preemption_grace_s"].value)
