"""A volume's committed files, as the client's own commands read and write them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Mapping
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


def assemble(files: Iterable[Message], blobs: BlobStore) -> tuple[list[Message], dict[str, tuple[str, int]]]:
    """Put uploaded blocks together.

    Args:
        files: Paths with the hashes of their blocks, and the answers to uploads of blocks.
        blobs: Where the blocks are, and where the whole contents go.

    Returns:
        Blocks still to be uploaded, with addresses; and where there are none, path to (SHA-256, mode).
    """
    missing, whole = [], {}
    for file_index, file in enumerate(files):
        for block_index, block in enumerate(file.blocks):
            known = block.contents_sha256.hex()
            if block.put_response and not blobs.has_content(known):
                blobs.adopt_blob(known, block.put_response.decode())
            if not blobs.has_content(known):
                missing.append(
                    api_pb2.VolumePutFiles2Response.MissingBlock(
                        file_index=file_index, block_index=block_index, put_url=blobs.new_blob()[1]
                    )
                )
        if not missing:
            parts = [blobs.content_path(block.contents_sha256.hex()) for block in file.blocks]
            whole[file.path] = (blobs.join(parts), file.mode if file.HasField("mode") else 0o644)
    return missing, whole


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


def copy_paths(volume: Volume, sources: Iterable[str], target: str, *, recursive: bool) -> None:
    """Commit copies of files and folders of a volume at another place of it, as ``cp`` makes them.

    Raises:
        FileNotFoundError: There is no such source.
        IsADirectoryError: A source is a folder, and `recursive` is false.
        NotADirectoryError: There are several sources, and the target is no folder.
    """
    names = [source.strip("/") for source in sources]
    with tempfile.TemporaryDirectory(dir=volume.folder) as folder, volume.lock:
        tree = volume.tree(volume.generation)
        into = tree / target.strip("/")
        if len(names) > 1 and not into.is_dir():
            raise NotADirectoryError(f"{target} is not a folder")
        for name in names:
            source = tree / name
            if not source.exists():
                raise FileNotFoundError(f"no such file or folder: {name}")
            place = target.strip("/")
            if into.is_dir() or target.endswith("/"):
                place = f"{place}/{source.name}".lstrip("/")
            copy = Path(folder) / place
            copy.parent.mkdir(parents=True, exist_ok=True)
            if not source.is_dir():
                copy_file(source, copy, durable=False)
            elif recursive:
                shutil.copytree(source, copy, symlinks=True)
            else:
                raise IsADirectoryError(f"{name} is a folder: copy it recursively")
        volume.publish(Path(folder), list(scan(Path(folder))), [])
