"""What one control plane knows; every part of it works on this."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tminus.controlplane.blobs import BlobStore
from tminus.controlplane.commands.access import CommandAccess
from tminus.controlplane.containers import Container
from tminus.controlplane.events import EventLog
from tminus.controlplane.housekeeping import Housekeeping
from tminus.controlplane.image_builder import ImageBuilder
from tminus.controlplane.model import (
    AppRecord,
    CallRecord,
    EnvironmentRecord,
    FunctionRecord,
    ImageRecord,
    InputRecord,
    MountRecord,
    SecretRecord,
)
from tminus.controlplane.sandbox import Bind, Interpreter, Isolation
from tminus.controlplane.store import Store
from tminus.controlplane.volumes import VolumeStore
from tminus.facts import Facts, WorkspacePlan


@dataclass(slots=True)
class Settings:
    """How a control plane was asked to run.

    Attributes:
        state_dir: Folder for everything that it writes.
        socket_dir: Folder for sockets: their paths must stay short.
        facts: The platform's documented limits.
        plan: Workspace plan whose concurrency limits hold.
        isolation: What containers run in.
        interpreter: What runs them, unless their image is built.
        image_builder: Makes the packages of images; None where they have those of `interpreter`.
        environment_name: The environment of those who name none.
        container_env: Variables for every container, over all others.
        container_binds: Paths of this machine for every container.
        container_path_prepend: Folders to put first on the containers' PYTHONPATH.
        secrets: Named secrets that exist in every environment; they are kept in memory only.
        stand_in_secrets: Whether an unknown secret is made up, with placeholder values for its required keys,
            and an unknown environment as well.
        relayed: Port of this machine's loopback that clusters can reach, to the socket that leads to it.
        commit_delay_s: Seconds by which every commit of a volume is late.
        offline: Whether containers reach nothing beyond this machine's loopback, and of that what is relayed.
    """

    state_dir: Path
    socket_dir: Path
    facts: Facts
    plan: WorkspacePlan
    isolation: Isolation
    interpreter: Interpreter
    image_builder: ImageBuilder | None
    environment_name: str
    container_env: Mapping[str, str]
    container_binds: Sequence[Bind]
    container_path_prepend: Sequence[Path]
    secrets: Mapping[str, Mapping[str, str]]
    stand_in_secrets: bool
    relayed: Mapping[int, Path]
    commit_delay_s: float = 0.0
    offline: bool = False


@dataclass(slots=True)
class PlaneState:
    """Records by id, environments by name; who may run commands, and the address of the service."""

    settings: Settings
    events: EventLog
    store: Store
    volumes: VolumeStore
    blobs: BlobStore
    environments: dict[str, EnvironmentRecord] = field(default_factory=dict)
    apps: dict[str, AppRecord] = field(default_factory=dict)
    functions: dict[str, FunctionRecord] = field(default_factory=dict)
    classes: dict[str, str] = field(default_factory=dict)
    calls: dict[str, CallRecord] = field(default_factory=dict)
    inputs: dict[str, InputRecord] = field(default_factory=dict)
    images: dict[str, ImageRecord] = field(default_factory=dict)
    mounts: dict[str, MountRecord] = field(default_factory=dict)
    secrets: dict[str, SecretRecord] = field(default_factory=dict)
    containers: dict[str, Container] = field(default_factory=dict)
    housekeeping: Housekeeping = field(default_factory=Housekeeping)
    commands: CommandAccess = field(default_factory=CommandAccess)
    url: str = ""

    def app_of(self, function: FunctionRecord) -> AppRecord:
        """The app that a function belongs to."""
        return self.apps[function.app_id]
