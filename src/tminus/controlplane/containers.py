"""One container at run time, and the cluster that it may belong to."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from enum import StrEnum

from tminus.controlplane.model import ContainerRecord, FunctionRecord, InputRecord, new_id
from tminus.controlplane.sandbox import PrivateNetwork, SandboxProcess
from tminus.controlplane.volumes import VolumeView
from tminus.controlplane.waiting import Changed


class ContainerState(StrEnum):
    """The life of a container."""

    STARTING = "starting"
    READY = "ready"
    RUNNING = "running"
    STOPPING = "stopping"
    EXITED = "exited"


class Interruption(StrEnum):
    """Why the control plane ended a container before its time."""

    NONE = ""
    PREEMPTED = "preempted"
    KILLED = "killed"
    CLUSTER = "cluster restarts"
    APP_STOPPED = "app stopped"
    TIMED_OUT = "input timed out"
    SERVICE_ENDS = "service ends"


# What a container worked on that the platform takes back, or that is lost, runs again for nothing.
RUNS_AGAIN = frozenset(
    {Interruption.PREEMPTED, Interruption.KILLED, Interruption.CLUSTER, Interruption.SERVICE_ENDS}
)


@dataclass(slots=True, eq=False)
class Cluster:
    """Containers that run one input together; rank 0 answers for all.

    Attributes:
        current: The input that all ranks were given, or None between inputs.
        delivered: Ranks that took it.
        reported: Ranks that answered.
        arrived: Ranks that wait at the barrier, or have passed it.
    """

    function: FunctionRecord
    size: int
    id: str = field(default_factory=lambda: new_id("cu"))
    started_s: float = field(default_factory=time.time)
    network: PrivateNetwork | None = None
    containers: list[Container] = field(default_factory=list)
    current: InputRecord | None = None
    delivered: set[int] = field(default_factory=set)
    reported: set[int] = field(default_factory=set)
    arrived: set[int] = field(default_factory=set)
    changed: Changed = field(default_factory=Changed)


@dataclass(slots=True, eq=False)
class Container:
    """A container from its start to its end.

    Attributes:
        greeted: Its client is up: from now on the script's own code runs in it.
        taken: Inputs that it was given so far.
        to_cancel: Inputs whose cancellation its heartbeat has still to carry.
        changed: Something for its next poll for inputs may have changed.
        cancelled: Something for its heartbeat has changed.
        failure: Why it could not be started, if so.
        init_failed: It started, but the script's own initialisation failed; it said with which result.
        draining: It gets no further inputs.
        out_of_memory: The kernel ended one of its processes at its memory limit.
        own_network: Its private network where it runs a server of its own; a cluster's is shared.
    """

    function: FunctionRecord
    task_id: str = field(default_factory=lambda: new_id("ta"))
    cluster: Cluster | None = None
    rank: int = 0
    state: ContainerState = ContainerState.STARTING
    started_s: float = field(default_factory=time.time)
    ready_s: float | None = None
    ended_s: float | None = None
    exit_code: int | None = None
    interruption: Interruption = Interruption.NONE
    process: SandboxProcess | None = None
    views: dict[str, VolumeView] = field(default_factory=dict)
    inputs: dict[str, InputRecord] = field(default_factory=dict)
    greeted: bool = False
    taken: int = 0
    to_cancel: set[str] = field(default_factory=set)
    changed: Changed = field(default_factory=Changed)
    cancelled: Changed = field(default_factory=Changed)
    failure: str = ""
    init_failed: bool = False
    draining: bool = False
    signalled: bool = False
    out_of_memory: bool = False
    own_network: PrivateNetwork | None = None
    shared_network: PrivateNetwork | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def network(self) -> PrivateNetwork | None:
        """The private network that it is in; None where it shares the machine's."""
        return self.cluster.network if self.cluster is not None else self.own_network or self.shared_network

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self.state is not ContainerState.EXITED

    @property
    def free_slots(self) -> int:
        """Inputs that it could take now, or once it is up."""
        if self.draining or self.state in {ContainerState.STOPPING, ContainerState.EXITED}:
            return 0
        if self.single_use and self.taken:
            return 0
        return max(0, self.function.input_concurrency - len(self.inputs))

    @property
    def single_use(self) -> bool:
        """Whether it ends after one input."""
        definition = self.function.definition
        return bool(definition.single_use_containers or definition.max_inputs == 1)

    def stop_taking(self) -> None:
        """Give it no further inputs; wakes its poll, which then tells it to leave."""
        self.draining = True
        self.changed.notify()

    def record(self) -> ContainerRecord:
        """A snapshot for those outside."""
        gpu = self.function.definition.resources.gpu_config
        return ContainerRecord(
            task_id=self.task_id,
            function=self.function.name,
            state=self.state.value,
            started_s=self.started_s,
            ready_s=self.ready_s,
            ended_s=self.ended_s,
            exit_code=self.exit_code,
            interrupted=self.interruption.value,
            cluster_id=self.cluster.id if self.cluster else "",
            rank=self.rank,
            gpus=f"{gpu.gpu_type}:{gpu.count or 1}" if gpu.gpu_type else "",
            input_ids=tuple(self.inputs),
        )
