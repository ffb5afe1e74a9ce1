"""What a user asks for: the machines, their time limit, and what had to be assumed about the job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tminus.facts import GpuType


class PlanError(ValueError):
    """A plan that cannot be made; the message says what is missing and how to give it."""


@dataclass(frozen=True, slots=True)
class Assumption:
    """A value that was not given, what it was taken to be, and why."""

    name: str
    value: Any
    why: str

    def to_dict(self) -> dict[str, Any]:
        """The assumption as JSON values."""
        return {"name": self.name, "value": self.value, "why": self.why}


@dataclass(frozen=True, slots=True)
class Asked:
    """The machines that the user's script asks for, whether or not the platform has them.

    Attributes:
        gpu: GPU type.
        gpus_per_node: GPUs of a container.
        nodes: Containers that run together.
        rdma: Whether they are asked to be joined by RDMA.
        timeout_s: Time limit of an attempt in seconds; None if unknown.
        retries: Attempts after the first.
        cpu_cores: Cores requested for a container; None if the script leaves them out.
        memory_gib: Host memory requested for a container; None if the script leaves it out.
        save_every: Steps between checkpoints as asked; None if unknown.
        micro_batch: Rows that a GPU works on at once as asked; None leaves that open.
        method: The method that is asked for; None where it is left open.
    """

    gpu: GpuType
    gpus_per_node: int
    nodes: int = 1
    rdma: bool = False
    timeout_s: float | None = None
    retries: int = 0
    cpu_cores: float | None = None
    memory_gib: float | None = None
    save_every: int | None = None
    micro_batch: int | None = None
    method: str | None = None

    @property
    def world_size(self) -> int:
        """GPUs in all."""
        return self.gpus_per_node * self.nodes
