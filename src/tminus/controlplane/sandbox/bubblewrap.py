"""The command that starts a container inside bubblewrap.

Some file systems are mounted before bubblewrap starts, by a shell in a mount namespace of its own: they
vanish with the container, whatever ends it. Bubblewrap then binds them where the container expects them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tminus.controlplane.sandbox.detect import Isolation, overlay_options
from tminus.controlplane.sandbox.spec import HOSTS, PLANE_FOLDER, ContainerSpec
from tminus.controlplane.volumes import VolumeView

# What a container sees of this machine, read-only. Homes, /tmp, /run, /srv and /mnt are not among it.
HOST_FOLDERS = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "etc", "opt", "var", "sys")
# A container of the platform runs as root: it may change owners and modes of its own files, and nothing else.
CAPABILITIES = ("CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER")
ENTRYPOINT = "modal._container_entrypoint"


def command(spec: ContainerSpec, isolation: Isolation, info_fd: int) -> list[str]:
    """The whole command line; bubblewrap writes the id of its first process to `info_fd`."""
    return [
        *namespaces(spec, isolation),
        "sh",
        "-c",
        mounts(spec, isolation),
        "sh",
        *_bubblewrap(spec, info_fd),
    ]


def merged(view: VolumeView) -> Path:
    """Where a view is mounted before bubblewrap binds it."""
    return view.folder / "merged"


def places(view: VolumeView, isolation: Isolation, pid: int) -> tuple[Path, Path | None]:
    """Where the files of a view, and what a container changed of them, are reached from outside.

    Args:
        view: The view.
        isolation: How the container runs.
        pid: Process that is in the container's mount namespace.
    """
    if isolation.overlay:
        return Path(f"/proc/{pid}/root{merged(view)}"), view.folder / "upper"
    return merged(view), None


def namespaces(spec: ContainerSpec, isolation: Isolation) -> list[str]:
    """The command that starts another one where it may mount what `mounts` says."""
    if spec.network is not None:
        user = ["--user", "--preserve-credentials"] if isolation.user_namespace else []
        return ["nsenter", f"--target={spec.network}", *user, "--net", "unshare", "--mount"]
    if isolation.user_namespace:
        return ["unshare", "--user", "--map-root-user", "--mount"]
    return ["unshare", "--mount"]


def mounts(spec: ContainerSpec, isolation: Isolation) -> str:
    """A shell's script that mounts a container's views, and then becomes the command that it is given."""
    lines = ["set -e"]
    if isolation.overlay:
        for view in spec.views:
            options = ",".join(
                [
                    overlay_options(isolation.user_namespace),
                    f"lowerdir={view.lower}",
                    f"upperdir={view.folder / 'upper'}",
                    f"workdir={view.folder / 'work'}",
                ]
            )
            lines.append(f"mount -t overlay overlay -o '{options}' '{merged(view)}'")
    return "\n".join([*lines, 'exec "$@"'])


def _bubblewrap(spec: ContainerSpec, info_fd: int) -> list[str]:
    arguments = ["bwrap", "--die-with-parent", "--unshare-pid", "--unshare-ipc", "--unshare-uts"]
    arguments += ["--hostname", spec.hostname, "--info-fd", str(info_fd), "--cap-drop", "ALL"]
    for capability in CAPABILITIES:
        arguments += ["--cap-add", capability]
    arguments += ["--bind", str(spec.rootfs), "/"]
    for name in HOST_FOLDERS:
        arguments += list(_host(Path("/") / name, spec.rootfs / name))
    arguments += ["--dev", "/dev", "--proc", "/proc"]
    for path in spec.interpreter.folders:
        if not path.is_relative_to("/usr"):
            arguments += ["--ro-bind", str(path.resolve()), str(path)]
    for view in spec.views:
        arguments += ["--ro-bind" if view.read_only else "--bind", str(merged(view)), view.mount_path]
    for bind in spec.binds:
        arguments += ["--ro-bind" if bind.read_only else "--bind", str(bind.source), str(bind.target)]
    arguments += ["--ro-bind", str(spec.folder / HOSTS), "/etc/hosts"]
    arguments += ["--bind", str(spec.socket), f"{PLANE_FOLDER}/modal.sock"]
    return [*arguments, "--chdir", spec.workdir, "--", str(spec.interpreter.executable), "-m", ENTRYPOINT]


def _host(host: Path, own: Path) -> Iterator[str]:
    """Show a folder of this machine, read-only, without hiding what the container has of its own there."""
    if host.is_symlink():
        if not own.exists():
            yield from ("--symlink", str(host.readlink()), str(host))
    elif not own.exists():
        if host.exists():
            yield from ("--ro-bind", str(host), str(host))
    elif own.is_dir() and host.is_dir():
        for child in sorted(host.iterdir()):
            yield from _host(child, own / child.name)
