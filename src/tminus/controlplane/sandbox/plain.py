"""Containers as plain processes, for machines without bubblewrap."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from pathlib import Path

from tminus.controlplane.sandbox.bubblewrap import ENTRYPOINT, merged, mounts, namespaces, places
from tminus.controlplane.sandbox.cgroups import ControlGroup
from tminus.controlplane.sandbox.detect import Isolation
from tminus.controlplane.sandbox.process import SandboxProcess
from tminus.controlplane.sandbox.spec import PLANE_FOLDER, ContainerSpec
from tminus.controlplane.volumes import VolumeView

INSTALL = "install bubblewrap (Debian, Ubuntu: apt-get install bubblewrap)"


class PlainProcess(SandboxProcess):
    """A container without walls; volume paths are links that go away with it."""

    def __init__(self, outer: asyncio.subprocess.Process, links: list[Path]) -> None:
        super().__init__(outer, outer.pid, None)
        self._links = links

    def kill(self) -> None:
        """End the interpreter and all that it started, as far as they can be told."""
        super().kill()
        self.sweep()

    def sweep(self) -> None:
        """End what is left of the interpreter's session."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.python_pid, signal.SIGKILL)

    async def wait(self) -> int:
        """Wait for the end, then remove the links."""
        try:
            return await super().wait()
        finally:
            for link in self._links:
                link.unlink(missing_ok=True)


async def start(spec: ContainerSpec, isolation: Isolation, group: ControlGroup | None) -> SandboxProcess:
    """Start a container as a plain process, which alone sees its volumes where overlays work.

    Raises:
        OSError: A volume's mount path is taken, or cannot be made by this user.
    """
    from tminus.controlplane.sandbox.start import LINE_LIMIT_BYTES

    links: list[Path] = []
    command = [*_dies_with_parent(), str(spec.interpreter.executable), "-m", ENTRYPOINT]
    if isolation.overlay and spec.views:
        command = [*namespaces(spec, isolation), "sh", "-c", mounts(spec, isolation), "sh", *command]
    try:
        links += [_link(view) for view in spec.views]
        outer = await asyncio.create_subprocess_exec(
            *(group.command(command) if group is not None else command),
            env=_environment(spec),
            cwd=_workdir(spec),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            limit=LINE_LIMIT_BYTES,
        )
    except OSError:
        for link in links:
            link.unlink(missing_ok=True)
        raise
    for view in spec.views:
        view.attach(*places(view, isolation, outer.pid))
    return PlainProcess(outer, links)


def _dies_with_parent() -> list[str]:
    # Part of util-linux, which every Debian has; without it a killed control plane leaves containers behind.
    return ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []


def _link(view: VolumeView) -> Path:
    path = Path(view.mount_path)
    if path.exists() or path.is_symlink():
        raise OSError(f"{path}, where volume {view.volume.name!r} belongs, exists on this machine: {INSTALL}")
    if not os.access(path.parent, os.W_OK):
        raise OSError(f"{path}, where volume {view.volume.name!r} belongs, cannot be made here: {INSTALL}")
    path.symlink_to(merged(view))
    return path


def _environment(spec: ContainerSpec) -> dict[str, str]:
    home = spec.rootfs / "root"
    environment = dict(spec.environment)
    paths = environment["PYTHONPATH"].split(os.pathsep)
    targets = {str(bind.target): str(bind.source) for bind in spec.binds}
    environment["PYTHONPATH"] = os.pathsep.join(
        str(home) if path == "/root" else targets.get(path, path) for path in paths
    )
    environment["HOME"] = str(home)
    environment["MODAL_SERVER_URL"] = f"unix://{spec.socket}"
    arguments = environment["MODAL_CONTAINER_ARGUMENTS_PATH"]
    environment["MODAL_CONTAINER_ARGUMENTS_PATH"] = f"{spec.rootfs}{arguments}"
    assert arguments.startswith(PLANE_FOLDER)
    return environment


def _workdir(spec: ContainerSpec) -> Path:
    folder = spec.rootfs / spec.workdir.lstrip("/")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
