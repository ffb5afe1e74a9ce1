"""From a function to the folder, environment and arguments of a container for it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from modal_proto import api_pb2

from tminus.controlplane.containers import Container
from tminus.controlplane.image_builder import EnvironmentPlan, Say
from tminus.controlplane.images import ImageContents, merge_files, replay
from tminus.controlplane.model import AppRecord, Message
from tminus.controlplane.sandbox import Bind, ContainerSpec, Interpreter, Limits
from tminus.controlplane.sandbox.spec import PLANE_FOLDER, hostname, local_hosts
from tminus.controlplane.state import PlaneState
from tminus.controlplane.volumes import VolumeView

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ARGUMENTS = f"{PLANE_FOLDER}/arguments.bin"


def prepare(state: PlaneState, container: Container, socket: Path) -> ContainerSpec:
    """Lay out the files of a container. Blocks; run it outside the event loop.

    Raises:
        OSError: A file could not be written.
        ImageBuildError: The packages of its image cannot be installed.
    """
    settings = state.settings
    function = container.function
    folder = settings.state_dir / "containers" / container.task_id
    rootfs = folder / "rootfs"
    for name in ("root", "tmp", "run"):
        (rootfs / name).mkdir(parents=True)
    (rootfs / "tmp").chmod(0o1777)
    contents = image_contents(state, function.definition.image_id)
    mounts = [state.mounts[m] for m in function.definition.mount_ids if m in state.mounts]
    for path, (sha256_hex, mode) in merge_files(mounts, contents).items():
        _place(state.blobs.content_path(sha256_hex), rootfs / path.lstrip("/"), mode)
    (rootfs / contents.workdir.lstrip("/")).mkdir(parents=True, exist_ok=True)
    interpreter = interpreter_of(state, contents)
    arguments = rootfs / ARGUMENTS.lstrip("/")
    arguments.parent.mkdir(parents=True, exist_ok=True)
    arguments.write_bytes(container_arguments(state, container).SerializeToString())
    container.views = _views(state, container, folder)
    network = container.network
    return ContainerSpec(
        task_id=container.task_id,
        folder=folder,
        rootfs=rootfs,
        environment=_environment(state, container, contents, interpreter),
        workdir=contents.workdir,
        views=list(container.views.values()),
        binds=_binds(state),
        socket=socket,
        hosts=_hosts(container),
        interpreter=interpreter,
        network=network.pid if network is not None else None,
        limits=limits_of(function.definition),
    )


def limits_of(definition: Message) -> Limits:
    """What a container of a function may use at most; a request without a limit may be exceeded."""
    resources = definition.resources
    return Limits(
        resources.memory_mb_max or None,
        resources.milli_cpu_max / 1000 if resources.milli_cpu_max else None,
    )


def _hosts(container: Container) -> str:
    network = container.network
    if network is None or network is container.shared_network:
        return local_hosts(container.task_id)
    return network.hosts(container.rank, hostname(container.task_id))


def image_contents(state: PlaneState, image_id: str) -> ImageContents:
    """What an image adds up to; an unknown or absent one adds nothing."""
    image = state.images.get(image_id)
    if image is None:
        return ImageContents(packages_unknown=True)
    return replay(image, state.images, state.mounts, {"PATH": SYSTEM_PATH, "HOME": "/root"})


def environment_plan(state: PlaneState, contents: ImageContents) -> EnvironmentPlan | None:
    """What the packages of an image are to be made from; None where they are those of this machine."""
    builder = state.settings.image_builder
    return (
        builder.plan(contents, lambda sha256: state.blobs.content_path(sha256).read_bytes())
        if builder
        else None
    )


def interpreter_of(state: PlaneState, contents: ImageContents, say: Say = lambda line: None) -> Interpreter:
    """What runs the containers of an image. Makes its packages first, if they are to be made. Blocks.

    Raises:
        ImageBuildError: A step of the image failed.
        OSError: The folder of such environments cannot be written.
    """
    plan = environment_plan(state, contents)
    if plan is None or state.settings.image_builder is None:
        return state.settings.interpreter
    return state.settings.image_builder.build(plan, say)


def app_layout(state: PlaneState, app: AppRecord) -> Message:
    """Every object of an app with its metadata, as containers and redeploying clients want it."""
    layout = api_pb2.AppLayout()
    layout.function_ids.update(app.function_ids)
    layout.class_ids.update(app.class_ids)
    seen = set()
    functions = [f for f in state.functions.values() if f.app_id == app.id and f.definition is not None]
    for function in functions:
        layout.objects.add(object_id=function.id, function_handle_metadata=function.metadata)
    for class_id in app.class_ids.values():
        layout.objects.add(object_id=class_id, class_handle_metadata=api_pb2.ClassHandleMetadata())
    for function in functions:
        for dependency in function.definition.object_dependencies:
            object_id = dependency.object_id
            if object_id in seen or object_id in state.functions:
                continue
            seen.add(object_id)
            item = layout.objects.add(object_id=object_id)
            volume = state.volumes.get(object_id)
            if volume is not None:
                item.volume_metadata.CopyFrom(
                    api_pb2.VolumeMetadata(version=volume.version, name=volume.name)
                )
            elif object_id in state.mounts:
                item.mount_handle_metadata.content_checksum_sha256_hex = state.mounts[object_id].checksum
    return layout


def container_arguments(state: PlaneState, container: Container) -> Message:
    """The message that the client's container entrypoint starts from."""
    function = container.function
    return api_pb2.ContainerArguments(
        task_id=container.task_id,
        function_id=function.id,
        app_id=function.app_id,
        function_def=function.definition,
        serialized_params=function.serialized_params,
        environment_name=state.app_of(function).environment,
        app_layout=app_layout(state, state.app_of(function)),
    )


def _views(state: PlaneState, container: Container, folder: Path) -> dict[str, VolumeView]:
    views = {}
    for index, mount in enumerate(container.function.definition.volume_mounts):
        volume = state.volumes.get(mount.volume_id)
        if volume is not None:
            views[volume.id] = VolumeView(
                volume,
                str(PurePosixPath(mount.mount_path)),
                folder / "volumes" / str(index),
                read_only=mount.read_only,
                below=mount.sub_path.strip("/"),
            )
    return views


def _place(content: Path, target: Path, mode: int) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(content, target)
    target.chmod(mode or 0o644)


def _binds(state: PlaneState) -> list[Bind]:
    binds = list(state.settings.container_binds)
    targets = {bind.target for bind in binds}
    prepend = state.settings.container_path_prepend
    return binds + [Bind(path, path) for path in prepend if path not in targets and path.exists()]


def _environment(
    state: PlaneState, container: Container, contents: ImageContents, interpreter: Interpreter
) -> dict[str, str]:
    settings = state.settings
    definition = container.function.definition
    environment = {"LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1", **contents.environment}
    for secret_id in definition.secret_ids:
        if secret_id in state.secrets:
            environment.update(state.secrets[secret_id].values)
    environment.update(_modal_variables(state, container))
    environment.update(settings.container_env)
    # The interpreter of the containers comes first, whatever the image put there.
    environment["PATH"] = f"{interpreter.executable.parent}:{environment.get('PATH', SYSTEM_PATH)}"
    environment["HOME"] = "/root"
    environment["PYTHONPATH"] = _python_path(settings.container_path_prepend, environment, interpreter)
    return environment


def _python_path(prepend: Sequence[Path], environment: Mapping[str, str], interpreter: Interpreter) -> str:
    parts = [str(path) for path in prepend]
    parts += [part for part in environment.get("PYTHONPATH", "").split(os.pathsep) if part]
    parts.append("/root")
    if interpreter.packages is not None:
        parts.append(str(interpreter.packages))
    return os.pathsep.join(dict.fromkeys(parts))


def _modal_variables(state: PlaneState, container: Container) -> dict[str, str]:
    definition = container.function.definition
    return {
        "MODAL_SERVER_URL": f"unix://{PLANE_FOLDER}/modal.sock",
        "MODAL_CONTAINER_ARGUMENTS_PATH": ARGUMENTS,
        "MODAL_TASK_ID": container.task_id,
        # For what adapts a container's processes to this machine: the platform sets no such variable.
        "TMINUS_CONTAINER_GPUS": container.record().gpus,
        "MODAL_IS_REMOTE": "1",
        "MODAL_IMAGE_ID": definition.image_id,
        "MODAL_ENVIRONMENT": state.app_of(container.function).environment,
        # A cluster's start reads this; a name that the client does not know gets its default settings.
        "MODAL_CLOUD_PROVIDER": "CLOUD_PROVIDER_UNSPECIFIED",
        "MODAL_REGION": "local",
    }
