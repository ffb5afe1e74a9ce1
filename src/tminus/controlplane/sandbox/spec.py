"""What a container needs, whatever it runs in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tminus.controlplane.volumes import VolumeView

# Where a container finds what the control plane put there for the client.
PLANE_FOLDER = "/run/tminus"
# The client looks `i6pn.modal.local` up in a cluster: a rank's own hosts file says what it is.
HOSTS = "hosts"


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
        hosts: Lines of its hosts file beside the machine's own; empty for none.
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
    hosts: str = ""
    network: int | None = None
