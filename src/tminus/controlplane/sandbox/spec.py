"""What a container needs, whatever it runs in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tminus.controlplane.sandbox.cgroups import Limits
from tminus.controlplane.sandbox.interpreter import Interpreter
from tminus.controlplane.volumes import VolumeView

# Where a container finds what the control plane put there for the client.
PLANE_FOLDER = "/run/tminus"
# File of a container's folder that stands in for /etc/hosts.
HOSTS = "hosts"
HOSTNAME_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Bind:
    """A path of this machine that containers see, at `target`.

    Attributes:
        source: Path here.
        target: Path in the container.
        read_only: Whether the container may not write to it.
    """

    source: Path
    target: Path
    read_only: bool = True


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """One container, ready to be started.

    Attributes:
        task_id: Its id.
        folder: Folder of this machine that belongs to this container alone.
        rootfs: Below `folder`: its own files, at their container paths.
        environment: Every environment variable that it gets.
        workdir: Working directory, as the container sees it.
        views: Its volumes.
        binds: Further paths of this machine.
        socket: The control plane's socket for this container.
        hosts: Its hosts file: names for itself that torchrun and the client look up.
        interpreter: What runs it.
        limits: What it may use at most.
        network: Process whose network namespace it joins, or None for the machine's network.
    """

    task_id: str
    folder: Path
    rootfs: Path
    environment: Mapping[str, str]
    workdir: str
    views: Sequence[VolumeView]
    binds: Sequence[Bind]
    socket: Path
    hosts: str
    interpreter: Interpreter
    network: int | None = None
    limits: Limits = field(default_factory=Limits)

    @property
    def hostname(self) -> str:
        """Name of the container's host."""
        return hostname(self.task_id)


def hostname(task_id: str) -> str:
    """Host name of a container; its own hosts file says what address that is."""
    return task_id[:HOSTNAME_LENGTH]


def local_hosts(task_id: str) -> str:
    """Hosts file of a container on the machine's network."""
    return f"127.0.0.1 localhost {hostname(task_id)}\n::1 localhost\n"
