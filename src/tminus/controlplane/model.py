"""The records that a control plane keeps: apps, functions, calls, inputs, images, mounts, secrets.

Messages of Modal's service definition are kept as they came (`Message`): the records add what the plane
itself knows about them.
"""

from __future__ import annotations

import secrets
import time
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

from tminus.controlplane.logs import AppLog
from tminus.controlplane.waiting import Changed

if TYPE_CHECKING:
    from tminus.controlplane.containers import Container

# A message, and a value of an enumeration, of Modal's definition: both come without useful types.
Message: TypeAlias = Any
Enum: TypeAlias = Any

_ID_BYTES = 11


def new_id(prefix: str) -> str:
    """A fresh object id such as ``fu-3f…``: the client reads an object's type from the prefix."""
    return f"{prefix}-{secrets.token_hex(_ID_BYTES)}"


class InputState(StrEnum):
    """Where an input is on its way."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"  # for the delay before a retry, or for the containers of its last attempt to be gone
    DONE = "done"


@dataclass(slots=True, eq=False)
class EnvironmentRecord:
    """An environment: the names in it are its own."""

    id: str
    name: str
    created_s: float = field(default_factory=time.time)
    web_suffix: str = ""
    image_builder_version: str = ""


@dataclass(slots=True, eq=False)
class AppRecord:
    """An app: what `modal run` creates, or `modal deploy` under a name.

    Attributes:
        name: Its name once it is deployed, else empty.
        deployed_s: Its newest deployment, in seconds since the epoch; 0 where there was none.
        stopped_s: When it was told to stop; 0 while it was not.
        version: Number of its newest deployment.
        function_ids: Name in the script to id.
        class_ids: The same for classes.
        staged: Functions of a deployment that is not published yet, by id.
    """

    id: str
    description: str
    environment: str
    detached: bool
    created_s: float = field(default_factory=time.time)
    name: str = ""
    deployed_s: float = 0.0
    stopped_s: float = 0.0
    version: int = 0
    tags: dict[str, str] = field(default_factory=dict)
    function_ids: dict[str, str] = field(default_factory=dict)
    class_ids: dict[str, str] = field(default_factory=dict)
    staged: dict[str, FunctionRecord] = field(default_factory=dict)
    log: AppLog = field(default_factory=AppLog)
    client_gone: bool = False

    @property
    def stopping(self) -> bool:
        """Whether it was told to stop, or has stopped."""
        return self.stopped_s > 0


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment of an app.

    Attributes:
        version: Its number, from 1.
        deployed_s: When, in seconds since the epoch.
        client_version: Release of the client that deployed it.
        tag: What the user called it.
        function_ids: Name in the script to id; empty where that was not kept.
        class_ids: The same for classes.
        rollback_version: The version that it brought back; 0 where it brought back none.
    """

    version: int
    deployed_s: float
    client_version: str
    tag: str
    function_ids: dict[str, str] = field(default_factory=dict)
    class_ids: dict[str, str] = field(default_factory=dict)
    rollback_version: int = 0


@dataclass(slots=True, eq=False)
class FunctionRecord:
    """A function, or the service function of a class, possibly bound to parameters and options.

    Attributes:
        metadata: What clients know of it.
        definition: The function as it was created; None between `FunctionPrecreate` and `FunctionCreate`.
        binding: For a variant: the request that bound it to parameters or options.
        bound: Variants of it: digest of the request to id.
    """

    id: str
    app_id: str
    metadata: Message
    definition: Message = None
    binding: Message = None
    bound: dict[bytes, str] = field(default_factory=dict)
    queue: deque[InputRecord] = field(default_factory=deque)
    containers: list[Container] = field(default_factory=list)
    failed_starts: int = 0

    @property
    def name(self) -> str:
        """Its name in the script."""
        return str(self.metadata.function_name)

    @property
    def serialized_params(self) -> bytes:
        """Parameters of its class that it is bound to; empty where it is not."""
        return bytes(self.binding.serialized_params) if self.binding is not None else b""

    @property
    def cluster_size(self) -> int:
        """Containers that run one input together; 0 where the function is not clustered."""
        return int(self.definition._experimental_group_size)

    @property
    def gpus(self) -> int:
        """GPUs that one container asks for."""
        gpu = self.definition.resources.gpu_config
        return int(gpu.count or 1) if gpu.gpu_type else 0

    @property
    def min_containers(self) -> int:
        """Containers that it keeps warm; none where a class needs parameters to start."""
        if self.binding is None and self.definition.class_parameter_info.schema:
            return 0
        return int(self.definition.autoscaler_settings.min_containers or self.definition.warm_pool_size)

    @property
    def buffer_containers(self) -> int:
        """Idle containers that it keeps beside those that work, as long as there is work."""
        return int(self.definition.autoscaler_settings.buffer_containers)

    @property
    def input_concurrency(self) -> int:
        """Inputs that one container works on at a time."""
        if self.definition.single_use_containers or self.definition.max_inputs == 1:
            return 1
        concurrent = self.definition.target_concurrent_inputs or self.definition.max_concurrent_inputs
        return max(1, int(concurrent), int(self.definition.batch_max_size))


@dataclass(slots=True, eq=False)
class CallRecord:
    """A call of a function: one input, or many for a map.

    Attributes:
        parent_input_id: The input that made it.
        finished: Inputs with their results, in the order in which these came.
        chunks: What its generator yielded, or its web function answered.
        incoming: What a web function gets beside its input: the body of the request.
        kept: Whether the store has it: inputs and results outlive the control plane.
    """

    id: str
    function_id: str
    invocation_type: Enum
    parent_input_id: str = ""
    created_s: float = field(default_factory=time.time)
    inputs: dict[int, InputRecord] = field(default_factory=dict)
    finished: list[InputRecord] = field(default_factory=list)
    chunks: list[Message] = field(default_factory=list)
    incoming: list[Message] = field(default_factory=list)
    changed: Changed = field(default_factory=Changed)
    kept: bool = False

    @property
    def unfinished(self) -> int:
        """Inputs without a result."""
        return len(self.inputs) - len(self.finished)


@dataclass(slots=True, eq=False)
class InputRecord:
    """One input of a call.

    `retries_used` counts failures only: an interruption by the platform runs the input again for nothing.
    """

    id: str
    call: CallRecord
    index: int
    payload: Message
    state: InputState = InputState.QUEUED
    retries_used: int = 0
    attempts: int = 0
    container: Container | None = None
    started_s: float = 0.0
    timed_out: bool = False
    cancelled: bool = False
    output: Message = None


@dataclass(slots=True, eq=False)
class MountRecord:
    """Files that the client sent along: container path to (SHA-256, mode)."""

    id: str
    files: dict[str, tuple[str, int]]
    checksum: str


@dataclass(slots=True, eq=False)
class ImageRecord:
    """One layer of an image with what it stands on."""

    id: str
    definition: Message
    builder_version: str


@dataclass(slots=True, eq=False)
class SecretRecord:
    """Environment variables for containers; a secret that a script makes itself has no name."""

    id: str
    name: str
    values: dict[str, str]
    environment: str
    created_s: float = field(default_factory=time.time)


@dataclass(frozen=True, slots=True)
class ContainerRecord:
    """What is known about a container from outside; a snapshot.

    Attributes:
        task_id: Its id, ``ta-…``.
        function: Name of the function that it serves.
        state: ``starting``, ``ready``, ``running``, ``stopping`` or ``exited``.
        started_s: Start, in seconds since the epoch.
        ready_s: When it first asked for an input, or None.
        ended_s: End, or None while it lives.
        exit_code: Exit code, 128 + n after signal n, None while it lives.
        interrupted: ``preempted`` or ``killed`` where the control plane ended it, else empty.
        cluster_id: Its cluster, ``cu-…``, or empty.
        rank: Its rank in the cluster, 0 elsewhere.
        gpus: GPUs that it asked for, such as ``H100:8``, or empty.
        input_ids: Inputs that it works on.
    """

    task_id: str
    function: str
    state: str
    started_s: float
    ready_s: float | None
    ended_s: float | None
    exit_code: int | None
    interrupted: str
    cluster_id: str
    rank: int
    gpus: str
    input_ids: tuple[str, ...]
