"""A volume's committed files, as the client's own commands read and write them."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from modal_proto import api_pb2

from tminus.controlplane.blobs import BlobStore
from tminus.controlplane.model import Message
from tminus.controlplane.volumes import Volume, scan
from tminus.controlplane.volumes.tree import copy_file

BLOCK_BYTES = 8 << 20
_TYPES = {
    "f": api_pb2.FileEntry.FILE,
    "d": api_pb2.FileEntry.DIRECTORY,
    "l": api_pb2.FileEntry.SYMLINK,
}


def entries(root: Path, path: str, recursive: bool) -> list[Message]:
    """Files, folders and links below a path, named relative to the volume."""
    prefix = path.strip("/.")
    found = []
    for name, entry in sorted(scan(root).items()):
        inside = name == prefix or not prefix or name.startswith(f"{prefix}/")
        below = name.removeprefix(prefix).lstrip("/")
        if not inside or (not below and entry.kind == "d") or (not recursive and "/" in below):
            continue
        found.append(
            api_pb2.FileEntry(
                path=name, type=_TYPES[entry.kind], mtime=entry.mtime_ns // 10**9, size=entry.size
            )
        )
    return found


def add_files(
    volume: Volume, files: Mapping[str, tuple[str, int]], blobs: BlobStore, *, overwrite: bool
) -> None:
    """Commit uploaded contents as files.

    Args:
        volume: Where to.
        files: Path in the volume to (SHA-256, mode).
        blobs: Where the contents are.
        overwrite: Whether a file may be there already.

    Raises:
        FileExistsError: A file is there and may not be overwritten.
    """
    with tempfile.TemporaryDirectory(dir=volume.folder) as folder, volume.lock:
        committed = volume.tree(volume.generation)
        for name, (sha256_hex, mode) in files.items():
            path = name.lstrip("/")
            if not overwrite and (committed / path).exists():
                raise FileExistsError(f"{name} exists in volume {volume.name!r}")
            target = Path(folder) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            copy_file(blobs.content_path(sha256_hex), target, durable=False)
            target.chmod(mode)
        changed = scan(Path(folder))
        volume.publish(Path(folder), [p for p, e in changed.items() if e.kind != "d"], [])


def remove_path(volume: Volume, path: str, *, recursive: bool) -> None:
    """Commit the removal of a file or folder.

    Raises:
        FileNotFoundError: There is no such path.
        IsADirectoryError: It is a folder, and `recursive` is false.
    """
    name = path.strip("/")
    with volume.lock:
        committed = scan(volume.tree(volume.generation))
        if name not in committed:
            raise FileNotFoundError(f"no such file or folder: {path}")
        if committed[name].kind == "d" and not recursive:
            raise IsADirectoryError(f"{path} is a folder: remove it recursively")
        doomed = [p for p in committed if p == name or p.startswith(f"{name}/")]
        volume.publish(volume.tree(volume.generation), [], doomed)
