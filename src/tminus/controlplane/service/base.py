"""What every family of calls stands on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from grpclib import GRPCError, Status

from tminus.controlplane.containers import Container
from tminus.controlplane.runner import ContainerRunner
from tminus.controlplane.scheduler import Scheduler
from tminus.controlplane.state import PlaneState

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a container, known by its socket, or else the user's client."""

    container: Container | None = None


class ServiceBase:
    """Access to the state and to what runs containers."""

    def __init__(self, state: PlaneState, scheduler: Scheduler, runner: ContainerRunner) -> None:
        self.state = state
        self.scheduler = scheduler
        self.runner = runner


def found(record: T | None, what: str) -> T:
    """The record, or the platform's "not found".

    Raises:
        GRPCError: NOT_FOUND where the record is None.
    """
    if record is None:
        raise GRPCError(Status.NOT_FOUND, f"{what} not found")
    return record


def of_container(caller: Caller) -> Container:
    """The container that asks.

    Raises:
        GRPCError: PERMISSION_DENIED where it is not a container that asks.
    """
    if caller.container is None:
        raise GRPCError(Status.PERMISSION_DENIED, "only a container may ask this")
    return caller.container
