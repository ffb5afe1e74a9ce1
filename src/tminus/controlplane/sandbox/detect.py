"""Which isolation this machine can give."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import ClassVar

PROBE_TIMEOUT_S = 20.0


class Mode(StrEnum):
    """How containers are kept apart from this machine."""

    BUBBLEWRAP = "bubblewrap"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Isolation:
    """How containers run, and what that cannot show.

    Attributes:
        mode: Inside bubblewrap, or as plain processes.
        overlay: Whether volumes are overlays of their committed files instead of copies.
        cluster_network: Whether the ranks of a cluster can get a private network with an address each.
        user_namespace: Whether a user namespace gives the rights to mount: for anyone but root.
        not_shown: What a rehearsal in this mode cannot show.
    """

    mode: Mode
    overlay: bool = False
    cluster_network: bool = False
    user_namespace: bool = False
    not_shown: list[str] = field(default_factory=list)

    # Plain processes, with copies of their volumes: works everywhere, shows least.
    PLAIN: ClassVar[Isolation]

    @property
    def walls(self) -> bool:
        """Whether containers have a file system of their own; otherwise they see this machine's paths."""
        return self.mode is not Mode.PLAIN

    @staticmethod
    def detect(state_dir: Path | None = None) -> Isolation:
        """Try what works here, as the user who asks; bubblewrap first.

        Args:
            state_dir: Folder on the file system that will hold the volumes: not every one carries an overlay.
        """
        return _detect(state_dir or Path(tempfile.gettempdir()), os.geteuid())


PLAIN_NOT_SHOWN = [
    "a private file system: the script can read and write what you can, your home and tokens included",
    "files at their paths in the container: what would lie in /root lies in a private folder on PYTHONPATH",
    "two containers at a time that mount a volume at the same path",
    "clusters: ranks have no network of their own",
    "install bubblewrap to see these (Debian, Ubuntu: apt-get install bubblewrap)",
]
COPY_NOT_SHOWN = (
    "fast starts with large volumes: each container copies its volumes, overlays do not work here"
)
Isolation.PLAIN = Isolation(Mode.PLAIN, not_shown=[*PLAIN_NOT_SHOWN, COPY_NOT_SHOWN])
RENAME_NOT_SHOWN = (
    "os.rename of a directory that an earlier container committed: fails here with EXDEV, works on Modal "
    "(shutil.move works in both)"
)
CLUSTER_NOT_SHOWN = "clusters: this machine gives no private network namespace (unshare and ip are needed)"


@cache
def _detect(state_dir: Path, uid: int) -> Isolation:
    if shutil.which("unshare") is None:
        return Isolation.PLAIN
    user_namespace = uid != 0
    prefix = ["unshare", "--user", "--map-root-user"] if user_namespace else ["unshare"]
    with tempfile.TemporaryDirectory(dir=state_dir, prefix="probe-") as folder:
        walls = shutil.which("bwrap") and _works([*prefix, "--mount", *_bubblewrap_probe(folder)])
        overlay = _overlay_works(Path(folder), prefix, user_namespace)
    not_shown = []
    if not overlay:
        not_shown.append(COPY_NOT_SHOWN)
    elif user_namespace:
        not_shown.append(RENAME_NOT_SHOWN)
    if not walls:
        plain = [*PLAIN_NOT_SHOWN, *not_shown]
        return Isolation(Mode.PLAIN, overlay, user_namespace=user_namespace, not_shown=plain)
    network = shutil.which("ip") is not None and _works([*prefix, "--net", "ip", "link", "set", "lo", "up"])
    if not network:
        not_shown.append(CLUSTER_NOT_SHOWN)
    return Isolation(Mode.BUBBLEWRAP, overlay, network, user_namespace, not_shown)


def overlay_options(user_namespace: bool) -> str:
    """Mount options of overlays beside their folders.

    ``redirect_dir`` lets a directory of a lower layer be renamed; user namespaces do not get it.
    """
    return "userxattr" if user_namespace else "redirect_dir=on"


def _bubblewrap_probe(folder: str) -> list[str]:
    return [
        "bwrap", "--die-with-parent", "--bind", folder, "/", "--ro-bind", "/usr", "/usr",
        *(arg for link in ("bin", "lib", "lib64", "sbin") for arg in _root_link(link)),
        "--dev", "/dev", "--proc", "/proc", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "true",
    ]  # fmt: skip


def _root_link(name: str) -> list[str]:
    path = Path("/") / name
    if path.is_symlink():
        return ["--symlink", str(path.readlink()), str(path)]
    return ["--ro-bind", str(path), str(path)] if path.exists() else []


def _overlay_works(folder: Path, prefix: list[str], user_namespace: bool) -> bool:
    for name in ("lower", "upper", "work", "merged"):
        (folder / name).mkdir()
    (folder / "lower" / "file").write_text("x", encoding="utf-8")
    layers = f"lowerdir={folder}/lower,upperdir={folder}/upper,workdir={folder}/work"
    options = f"{overlay_options(user_namespace)},{layers}"
    script = 'mount -t overlay overlay -o "$1" "$2" && echo y >> "$2/file" && rm "$2/file"'
    return _works([*prefix, "--mount", "sh", "-c", script, "sh", options, f"{folder}/merged"])


def _works(command: list[str]) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, timeout=PROBE_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
