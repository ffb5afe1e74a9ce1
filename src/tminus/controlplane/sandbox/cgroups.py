"""Memory and CPU limits of containers, by the kernel's control groups (version 1 or 2).

Only a function that gives a limit beside its request, as ``memory=(1024, 2048)``, has one on the platform; a
request alone may be exceeded (https://modal.com/docs/guide/resources).
"""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
CPU_PERIOD_US = 100_000
# A group can be removed once the kernel has let go of its last process.
REMOVE_WAIT_S = 2.0
NOT_ENFORCED = "memory= and cpu= limits of a function: this user may not make control groups here"
_ENTER = 'while [ "$1" != -- ]; do echo $$ > "$1"; shift; done; shift; exec "$@"'


@dataclass(frozen=True, slots=True)
class Limits:
    """What a container may use at most; None where it is not limited."""

    memory_mib: int | None = None
    cpu_cores: float | None = None

    def __bool__(self) -> bool:
        return self.memory_mib is not None or self.cpu_cores is not None


class ControlGroup:
    """The groups of one container, one a hierarchy."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders

    def command(self, command: Sequence[str]) -> list[str]:
        """A command line that runs a command inside the groups."""
        members = [str(folder / "cgroup.procs") for folder in self._folders]
        return ["sh", "-c", _ENTER, "sh", *members, "--", *command]

    def out_of_memory(self) -> bool:
        """Whether the kernel ended a process of it for want of memory."""
        for folder in self._folders:
            for name in ("memory.events", "memory.oom_control"):
                with contextlib.suppress(OSError):
                    fields = dict(
                        line.split() for line in (folder / name).read_text(encoding="ascii").splitlines()
                    )
                    if int(fields.get("oom_kill", 0)):
                        return True
        return False

    def remove(self) -> None:
        """Remove the groups; their processes are gone."""
        deadline = time.monotonic() + REMOVE_WAIT_S
        for folder in self._folders:
            while folder.exists():
                try:
                    folder.rmdir()
                except OSError:
                    if time.monotonic() > deadline:
                        return
                    time.sleep(0.01)


class ControlGroups:
    """Where this user may make groups.

    Args:
        parents: Controller (``memory``, ``cpu``) to the folder below which groups of it are made.
        unified: Whether that is version 2, where both controllers share one folder.
    """

    def __init__(self, parents: Mapping[str, Path], *, unified: bool) -> None:
        self._parents = parents
        self._unified = unified

    def create(self, name: str, limits: Limits) -> ControlGroup:
        """Make the groups of a container.

        Raises:
            OSError: The kernel refused a limit.
        """
        values: dict[str, list[tuple[str, str]]] = {}
        if limits.memory_mib is not None:
            size = str(limits.memory_mib << 20)
            values["memory"] = [("memory.max" if self._unified else "memory.limit_in_bytes", size)]
        if limits.cpu_cores is not None:
            quota = int(limits.cpu_cores * CPU_PERIOD_US)
            if self._unified:
                values["cpu"] = [("cpu.max", f"{quota} {CPU_PERIOD_US}")]
            else:
                values["cpu"] = [("cpu.cfs_period_us", str(CPU_PERIOD_US)), ("cpu.cfs_quota_us", str(quota))]
        folders = list(dict.fromkeys(self._parents[controller] / name for controller in values))
        group = ControlGroup(folders)
        try:
            for folder in folders:
                folder.mkdir()
            for controller, files in values.items():
                for file, value in files:
                    (self._parents[controller] / name / file).write_text(value, encoding="ascii")
        except OSError:
            group.remove()
            raise
        return group

    @staticmethod
    @cache
    def detect() -> ControlGroups | None:
        """Try where groups can be made, version 2 first; None where they cannot."""
        for groups in (_unified(), _hierarchies()):
            if groups is not None and groups._works():
                return groups
        return None

    def _works(self) -> bool:
        try:
            self.create(f"tminus-probe-{secrets.token_hex(4)}", Limits(64, 0.5)).remove()
        except OSError:
            return False
        return True


def _unified() -> ControlGroups | None:
    """Version 2: the nearest folder above this process that hands memory and CPU on to those below it."""
    own = _own_groups().get("", "/")
    folder = ROOT / own.lstrip("/")
    while folder.is_relative_to(ROOT):
        try:
            handed_on = (folder / "cgroup.subtree_control").read_text(encoding="ascii").split()
        except OSError:
            return None
        if {"memory", "cpu"} <= set(handed_on) and os.access(folder, os.W_OK):
            return ControlGroups(dict.fromkeys(("memory", "cpu"), folder), unified=True)
        folder = folder.parent
    return None


def _hierarchies() -> ControlGroups | None:
    """Version 1: a hierarchy for each controller, below the group that this process is in."""
    own = _own_groups()
    parents = {}
    for controller in ("memory", "cpu"):
        names = next((names for names in own if controller in names.split(",")), None)
        if names is None:
            return None
        mounted = next((ROOT / n for n in (names, controller) if (ROOT / n).is_dir()), None)
        if mounted is None:
            return None
        inside = mounted / own[names].lstrip("/")
        # In a container of its own the whole hierarchy may be mounted from that group on.
        parents[controller] = inside if inside.is_dir() else mounted
    return ControlGroups(parents, unified=False)


def _own_groups() -> dict[str, str]:
    """Controllers of a hierarchy, separated by commas, to the group that this process is in."""
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    return {controllers: path for _, controllers, path in (line.split(":", 2) for line in lines)}
