"""Starting a container in the isolation at hand."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

from tminus.controlplane.sandbox import bubblewrap, plain
from tminus.controlplane.sandbox.cgroups import ControlGroup, ControlGroups
from tminus.controlplane.sandbox.detect import Isolation, Mode
from tminus.controlplane.sandbox.process import SandboxProcess, first_child
from tminus.controlplane.sandbox.spec import HOSTS, PLANE_FOLDER, ContainerSpec
from tminus.controlplane.volumes import VolumeView

LINE_LIMIT_BYTES = 1 << 20


async def start_container(spec: ContainerSpec, isolation: Isolation) -> SandboxProcess:
    """Start a container's client; its output comes through the pipes of `SandboxProcess.outer`.

    Raises:
        OSError: A file or process could not be made; the text says which.
    """
    groups = ControlGroups.detect() if spec.limits else None
    group = groups.create(spec.task_id, spec.limits) if groups is not None else None
    try:
        process = await _start(spec, isolation, group)
    except BaseException:
        if group is not None:
            await asyncio.to_thread(group.remove)
        raise
    process.group = group
    return process


async def _start(spec: ContainerSpec, isolation: Isolation, group: ControlGroup | None) -> SandboxProcess:
    for view in spec.views:
        await _prepare(view, isolation)
    if isolation.mode is Mode.PLAIN:
        return await plain.start(spec, isolation, group)
    (spec.folder / HOSTS).write_text(spec.hosts, encoding="utf-8")
    (spec.rootfs / PLANE_FOLDER.lstrip("/")).mkdir(parents=True, exist_ok=True)
    reader, writer = os.pipe()
    command = bubblewrap.command(spec, isolation, writer)
    try:
        outer = await asyncio.create_subprocess_exec(
            *(group.command(command) if group is not None else command),
            env=dict(spec.environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            pass_fds=[writer],
            start_new_session=True,
            limit=LINE_LIMIT_BYTES,
        )
    finally:
        os.close(writer)
    first = await asyncio.to_thread(_read_child_pid, reader)
    if first is None:
        raise OSError(f"bubblewrap did not start container {spec.task_id}: {await _complaint(outer)}")
    for view in spec.views:
        view.attach(*bubblewrap.places(view, isolation, outer.pid))
    return SandboxProcess(outer, await first_child(first), first)


def _read_child_pid(reader: int) -> int | None:
    text = b""
    with os.fdopen(reader, "rb", buffering=0) as file:
        while piece := file.read(4096):
            text += piece
            if b"}" in text:
                return int(json.loads(text)["child-pid"])
    return None


async def _complaint(outer: asyncio.subprocess.Process) -> str:
    _, errors = await outer.communicate()
    return errors.decode(errors="replace").strip()[-2000:] or f"exit code {outer.returncode}"


async def _prepare(view: VolumeView, isolation: Isolation) -> None:
    merged = bubblewrap.merged(view)
    if isolation.overlay:
        for folder in (view.folder / "upper", view.folder / "work", merged):
            folder.mkdir(parents=True)
    else:
        view.folder.mkdir(parents=True)
        await copy_tree(view.lower, merged)


async def copy_tree(source: Path, target: Path) -> None:
    """Copy a tree with modes and times, sharing blocks where the file system can.

    Raises:
        OSError: Copying failed; the text is what `cp` said.
    """
    cp = await asyncio.create_subprocess_exec(
        "cp", "-a", "--reflink=auto", str(source), str(target), stderr=asyncio.subprocess.PIPE
    )
    _, errors = await cp.communicate()
    if cp.returncode != 0:
        raise OSError(f"cannot copy the volume's files: {errors.decode(errors='replace').strip()}")
