"""The manifest of a published directory: which files belong to it, how large they are, and their digests."""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tminus.durable import fsync_path

MANIFEST_FILE = "manifest.json"
FORMAT_VERSION = 1
_CHUNK_BYTES = 1 << 20


class ManifestError(ValueError):
    """A manifest is missing, unreadable, or not true of its directory."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What a file must be."""

    size: int
    """Bytes."""

    sha256: str
    """Hex digest of the content."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything that is known of one published directory."""

    run_id: str
    step: int
    """Optimizer steps done."""

    world_size: int
    """Ranks that wrote it."""

    attempt: int
    """Which start of the run wrote it, from 1."""

    config: Mapping[str, Any]
    """The fields that decide what is trained."""

    files: Mapping[str, FileRecord]
    """Path relative to the directory -> what it must be."""

    created: str
    """UTC time of writing, ISO 8601."""

    format: int = FORMAT_VERSION

    @property
    def config_digest(self) -> str:
        """SHA-256, in hex, of the training fields."""
        return _digest(self.config)

    @property
    def sha256(self) -> str:
        """SHA-256, in hex, of the manifest's own content: it stands for every byte of the directory."""
        return _digest(self._values())

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(record.size for record in self.files.values())

    @property
    def age_s(self) -> float:
        """Seconds since it was written."""
        return (datetime.now(UTC) - datetime.fromisoformat(self.created)).total_seconds()

    def to_json(self) -> str:
        """The manifest as a JSON object that carries the digest of its own content."""
        values = self._values() | {"manifest_sha256": self.sha256}
        return json.dumps(values, indent=2, sort_keys=True) + "\n"

    def _values(self) -> dict[str, Any]:
        return asdict(self) | {"config_digest": self.config_digest}

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """Read a manifest and check it against its own digest.

        Raises:
            ManifestError: Not a manifest of this format, or changed since it was written.
        """
        try:
            values = json.loads(text)
            stated = values.pop("manifest_sha256")
            if _digest(values) != stated:
                raise ManifestError("its manifest.json was changed after it was written")
            if values.pop("format") != FORMAT_VERSION:
                raise ManifestError(f"its manifest.json is not of format {FORMAT_VERSION}")
            values.pop("config_digest")
            files = {name: FileRecord(**record) for name, record in values.pop("files").items()}
            return cls(files=files, **values)
        except (json.JSONDecodeError, AttributeError, KeyError, TypeError) as error:
            raise ManifestError("its manifest.json is not a manifest") from error


def describe(
    directory: Path, *, run_id: str, step: int, world_size: int, attempt: int, config: Mapping[str, Any]
) -> Manifest:
    """Flush every file of a directory to disk and record its size and digest."""
    files: dict[str, FileRecord] = {}
    for path in sorted(directory.rglob("*")):
        fsync_path(path)
        if path.is_file() and path.name != MANIFEST_FILE:
            record = FileRecord(path.stat().st_size, file_sha256(path))
            files[path.relative_to(directory).as_posix()] = record
    created = datetime.now(UTC).isoformat(timespec="seconds")
    return Manifest(run_id, step, world_size, attempt, dict(config), files, created)


def read_manifest(directory: Path) -> Manifest:
    """Read a directory's manifest, without looking at the other files.

    Raises:
        ManifestError: There is none, or it cannot be trusted.
    """
    try:
        text = (directory / MANIFEST_FILE).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestError("its manifest.json cannot be read") from error
    return Manifest.from_json(text)


def verify(directory: Path, *, contents: bool = True) -> Manifest:
    """Check every file of a directory against its manifest.

    Files that the manifest does not name are not looked at.

    Args:
        directory: A published directory.
        contents: Read every file and compare digests. False: only presence and sizes, which is quick.

    Raises:
        ManifestError: The first thing that is wrong, in words that follow the directory's name.
    """
    manifest = read_manifest(directory)
    for name, record in manifest.files.items():
        size = _size_of(directory / name, name)
        if size != record.size:
            raise ManifestError(f"{name} has {size} bytes instead of {record.size}")
    # All sizes first: they are quick to read, and most damage shows in them.
    for name, record in manifest.files.items():
        if contents and _content_of(directory / name, name) != record.sha256:
            raise ManifestError(f"the content of {name} differs from what was written")
    return manifest


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _size_of(path: Path, name: str) -> int:
    try:
        state = path.stat()
    except FileNotFoundError:
        raise ManifestError(f"{name} is missing") from None
    except OSError as error:
        raise ManifestError(f"{name} cannot be looked at: {error.strerror}") from error
    if not stat.S_ISREG(state.st_mode):
        raise ManifestError(f"{name} is missing: something else stands in its place")
    return state.st_size


def _content_of(path: Path, name: str) -> str:
    try:
        return file_sha256(path)
    except OSError as error:
        raise ManifestError(f"{name} cannot be read: {error.strerror}") from error


def _digest(values: Mapping[str, Any]) -> str:
    canonical = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
