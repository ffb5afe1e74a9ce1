"""A folder seen as a repository of the hub: its files, their hashes, one commit."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

RepoKind = Literal["model", "dataset"]

# Weights and tables are large files on the hub, whatever their size.
_LARGE_FILE_SUFFIXES = frozenset({".safetensors", ".bin", ".pt", ".gguf", ".parquet", ".arrow"})
_COMMIT_HASH = re.compile(r"[0-9a-f]{40}")
# The hub's own conversions, which stand-ins do not have.
_CONVERTED = "refs/convert/"
_DATE = "2024-01-01T00:00:00.000Z"


@dataclass(frozen=True, slots=True)
class RepoFile:
    """A file of a repository.

    Attributes:
        path: Relative to the repository's root, with ``/``.
        location: On this machine.
        size: In bytes.
        blob_id: Git's hash of the content.
        sha256: Hash of the content for large files (git LFS), None for others.
    """

    path: str
    location: Path
    size: int
    blob_id: str
    sha256: str | None

    @property
    def etag(self) -> str:
        """What identifies the content: the LFS hash of a large file, git's of another."""
        return self.sha256 or self.blob_id

    def as_json(self) -> dict[str, Any]:
        """The entry of a tree listing."""
        entry: dict[str, Any] = {
            "type": "file",
            "oid": self.blob_id,
            "size": self.size,
            "path": self.path,
            "lastCommit": {"id": self.blob_id, "title": "Stand-in", "date": _DATE},
        }
        if self.sha256 is not None:
            entry["lfs"] = {"oid": self.sha256, "size": self.size, "pointerSize": 128}
        return entry


@dataclass(frozen=True)
class Repository:
    """A repository with one commit. Files whose path has a part that begins with a dot are left out."""

    kind: RepoKind
    id: str
    files: Mapping[str, RepoFile]
    gated: bool

    @classmethod
    def scan(cls, kind: RepoKind, repo_id: str, directory: Path, *, gated: bool = False) -> Repository:
        """Read and hash every file under `directory`."""
        return cls(kind, repo_id, {file.path: file for file in _scan(directory)}, gated)

    @cached_property
    def commit(self) -> str:
        """The commit's hash, made from the paths and contents."""
        digest = hashlib.sha1(usedforsecurity=False)
        for path in sorted(self.files):
            digest.update(f"{path}\0{self.files[path].etag}\0".encode())
        return digest.hexdigest()

    def resolve(self, revision: str) -> str | None:
        """The commit that a revision stands for; None if there is no such revision.

        A stand-in has no history: branches, tags and commits that a script pins all name its one state. A
        pinned commit keeps its own hash, for clients look their cache up by it.
        """
        if revision.startswith(_CONVERTED):
            return None
        return revision if _COMMIT_HASH.fullmatch(revision) else self.commit

    def info(self, commit: str, *, blobs: bool) -> dict[str, Any]:
        """The answer to a request for the repository's description."""
        return {
            "_id": self.commit[:24],
            "id": self.id,
            **({"modelId": self.id, "library_name": "transformers"} if self.kind == "model" else {}),
            "author": self.id.split("/")[0] if "/" in self.id else None,
            "sha": commit,
            "createdAt": _DATE,
            "lastModified": _DATE,
            "private": False,
            "gated": "manual" if self.gated else False,
            "disabled": False,
            "downloads": 0,
            "likes": 0,
            "tags": ["tminus-stand-in"],
            "siblings": [self._sibling(file, blobs=blobs) for file in self.files.values()],
        }

    def tree(self, folder: str, *, recursive: bool) -> list[dict[str, Any]] | None:
        """The entries under `folder` ("" is the root); None if there is no such folder."""
        prefix = f"{folder}/" if folder else ""
        inside = [file for file in self.files.values() if file.path.startswith(prefix)]
        if folder and not inside:
            return None
        folders: set[str] = set()
        entries: list[dict[str, Any]] = []
        for file in inside:
            parents = file.path.removeprefix(prefix).split("/")[:-1]
            folders.update(prefix + "/".join(parents[: depth + 1]) for depth in range(len(parents)))
            if recursive or not parents:
                entries.append(file.as_json())
        shown = [name for name in folders if recursive or "/" not in name.removeprefix(prefix)]
        return [self._folder_json(name) for name in sorted(shown)] + entries

    def paths_info(self, paths: list[str]) -> list[dict[str, Any]]:
        """The entries of those paths that exist; the hub leaves the others out."""
        entries: list[dict[str, Any]] = []
        for path in (asked.strip("/") for asked in paths):
            if path in self.files:
                entries.append(self.files[path].as_json())
            elif any(name.startswith(f"{path}/") for name in self.files):
                entries.append(self._folder_json(path))
        return entries

    def _folder_json(self, path: str) -> dict[str, Any]:
        oid = hashlib.sha1(f"{self.commit}{path}".encode(), usedforsecurity=False).hexdigest()
        commit = {"id": self.commit, "title": "Stand-in", "date": _DATE}
        return {"type": "directory", "oid": oid, "size": 0, "path": path, "lastCommit": commit}

    @staticmethod
    def _sibling(file: RepoFile, *, blobs: bool) -> dict[str, Any]:
        if not blobs:
            return {"rfilename": file.path}
        entry: dict[str, Any] = {"rfilename": file.path, "size": file.size, "blobId": file.blob_id}
        if file.sha256 is not None:
            entry["lfs"] = {"sha256": file.sha256, "size": file.size, "pointerSize": 128}
        return entry


def _scan(directory: Path) -> Iterator[RepoFile]:
    for location in sorted(directory.rglob("*")):
        relative = location.relative_to(directory)
        if not location.is_file() or any(part.startswith(".") for part in relative.parts):
            continue
        size = location.stat().st_size
        large = location.suffix in _LARGE_FILE_SUFFIXES
        yield RepoFile(
            path=relative.as_posix(),
            location=location,
            size=size,
            blob_id=_digest(location, "sha1", f"blob {size}\0".encode()),
            sha256=_digest(location, "sha256") if large else None,
        )


def _digest(location: Path, algorithm: str, prefix: bytes = b"") -> str:
    digest = hashlib.new(algorithm, prefix, usedforsecurity=False)
    with location.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
