"""The committed trees of all volumes.

A volume is a row of generations. Each commit writes a new one, in which unchanged files are hard links to the
one before, and then moves the link ``committed`` to it: readers see a commit whole or not at all, and a
container that started from an older generation keeps it, unchanged, below its private view.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tminus.controlplane.model import new_id
from tminus.controlplane.volumes.tree import copy_file, entry_of, link_tree, remove

INDEX = "volumes.json"


@dataclass(slots=True, eq=False)
class Volume:
    """One volume. `lock` is held while a generation is written or a lease is taken."""

    id: str
    name: str
    version: Any
    folder: Path
    created_s: float
    lock: threading.Lock = field(default_factory=threading.Lock)
    leases: Counter[int] = field(default_factory=Counter)
    generation: int = 0

    @property
    def committed(self) -> Path:
        """Link to the newest generation."""
        return self.folder / "committed"

    def tree(self, generation: int) -> Path:
        """Folder of one generation."""
        return self.folder / "generations" / f"{generation:06d}"

    def lease(self) -> int:
        """Take the newest generation; it stays on disk until `release`."""
        with self.lock:
            self.leases[self.generation] += 1
            return self.generation

    def release(self, generation: int) -> None:
        """Give a generation back."""
        with self.lock:
            self.leases[generation] -= 1
            self._drop_unused()

    def publish(self, source: Path, changed: Collection[str], deleted: Collection[str]) -> int:
        """Write a new generation: the newest one, plus `changed` paths of `source`, minus `deleted`.

        The caller holds `lock`. A file that vanished from `source` meanwhile counts as deleted.

        Returns:
            Bytes copied.

        Raises:
            OSError: The source went away or the disk is full; the volume stays as it was.
        """
        part = self.folder / "generations" / ".part"
        remove(part)
        copied = 0
        old = self.tree(self.generation)
        replaced = {path for path in changed if not (_is_folder(old / path) and _is_folder(source / path))}
        try:
            link_tree(old, part, frozenset(replaced) | frozenset(deleted))
            for path in sorted(changed):
                copied += _put(source / path, part / path)
            # A source that went away reads as if its files had been removed: nothing of it may be published.
            source.stat()
        except OSError:
            remove(part)
            raise
        self._activate(part)
        return copied

    def _activate(self, part: Path) -> None:
        part.rename(self.tree(self.generation + 1))
        self.generation += 1
        link = self.folder / ".committed"
        link.unlink(missing_ok=True)
        link.symlink_to(f"generations/{self.generation:06d}")
        link.replace(self.committed)
        _sync_folder(self.folder)
        self._drop_unused()

    def _drop_unused(self) -> None:
        for tree in (self.folder / "generations").iterdir():
            if tree.name.isdigit():
                number = int(tree.name)
                if number < self.generation and self.leases[number] <= 0:
                    shutil.rmtree(tree)


class VolumeStore:
    """All volumes below one folder, found again when a control plane starts there later."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True)
        self._volumes: dict[str, Volume] = {}
        index = root / INDEX
        if index.exists():
            for row in json.loads(index.read_text(encoding="utf-8")):
                volume = Volume(row["id"], row["name"], row["version"], root / row["id"], row["created_s"])
                volume.generation = int(volume.committed.readlink().name)
                self._volumes[volume.id] = volume

    def __iter__(self) -> Iterator[Volume]:
        return iter(list(self._volumes.values()))

    def create(self, name: str, version: Any) -> Volume:
        """Make an empty volume; an ephemeral one has no name."""
        volume_id = new_id("vo")
        volume = Volume(volume_id, name, version, self._root / volume_id, time.time())
        volume.tree(0).mkdir(parents=True)
        volume.committed.symlink_to(f"generations/{0:06d}")
        self._volumes[volume.id] = volume
        self._save()
        return volume

    def get(self, volume_id: str) -> Volume | None:
        """The volume with this id."""
        return self._volumes.get(volume_id)

    def by_name(self, name: str) -> Volume | None:
        """The volume with this name."""
        return next((v for v in self._volumes.values() if v.name == name and name), None)

    def delete(self, volume: Volume) -> None:
        """Forget a volume and remove its files."""
        self._volumes.pop(volume.id, None)
        self._save()
        remove(volume.folder)

    def path(self, name: str) -> Path:
        """Folder with the committed files of a volume: a link that every commit moves on.

        Raises:
            KeyError: There is no volume of this name.
        """
        volume = self.by_name(name)
        if volume is None:
            known = ", ".join(sorted(v.name for v in self._volumes.values() if v.name)) or "none"
            raise KeyError(f"no volume is called {name!r}; there are: {known}")
        return volume.committed

    def _save(self) -> None:
        rows = [
            {"id": v.id, "name": v.name, "version": v.version, "created_s": v.created_s}
            for v in self._volumes.values()
        ]
        part = self._root / f".{INDEX}"
        with part.open("w", encoding="utf-8") as file:
            json.dump(rows, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._root / INDEX)


def _put(source: Path, target: Path) -> int:
    try:
        entry = entry_of(source)
    except FileNotFoundError:
        return 0
    if entry is None:
        return 0
    target.parent.mkdir(parents=True, exist_ok=True)
    if entry.kind == "d":
        target.mkdir(exist_ok=True)
        target.chmod(entry.mode)
    elif entry.kind == "l":
        target.symlink_to(entry.target)
    else:
        try:
            return copy_file(source, target, durable=True)
        except FileNotFoundError:
            # Removed or renamed by the container between the scan and the copy.
            if not target.parent.exists():
                raise
    return 0


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
