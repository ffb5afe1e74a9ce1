"""The committed trees of all volumes.

A volume is a row of generations. Each commit writes a new one, in which unchanged files are hard links to the
one before, and then moves the link ``committed`` to it: readers see a commit whole or not at all, and a
container that started from an older generation keeps it, unchanged, below its private view.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from tminus.controlplane.model import new_id
from tminus.controlplane.store import Database
from tminus.controlplane.volumes.tree import Entry, copy_file, entry_of, link_tree, remove, scan


@dataclass(slots=True, eq=False)
class Volume:
    """One volume. `lock` is held while a generation is written or a lease is taken."""

    id: str
    environment: str
    name: str
    version: Any
    folder: Path
    created_s: float
    lock: threading.Lock = field(default_factory=threading.Lock)
    leases: Counter[int] = field(default_factory=Counter)
    generation: int = 0
    _entries: dict[tuple[int, str], Mapping[str, Entry]] = field(default_factory=dict)

    @property
    def committed(self) -> Path:
        """Link to the newest generation."""
        return self.folder / "committed"

    def tree(self, generation: int) -> Path:
        """Folder of one generation."""
        return self.folder / "generations" / f"{generation:06d}"

    def entries(self, generation: int, below: str = "") -> Mapping[str, Entry]:
        """What is in a generation, or in a folder of it. The caller holds `lock`.

        It is read once, at the first commit that has to know it: a generation never changes.
        """
        key = (generation, below)
        if key not in self._entries:
            self._entries[key] = scan(self.tree(generation) / below)
        return self._entries[key]

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

    def make_folder(self, path: str) -> None:
        """Write a new generation with a folder, unless the newest one has it.

        Raises:
            NotADirectoryError: There is a file of that name.
        """
        with self.lock:
            place = self.tree(self.generation) / path
            if place.is_dir():
                return
            if place.exists():
                raise NotADirectoryError(f"{path} of volume {self.name!r} is a file, not a folder")
            with tempfile.TemporaryDirectory(dir=self.folder) as folder:
                (Path(folder) / path).mkdir(parents=True)
                self.publish(Path(folder), [path], [])

    def publish(
        self, source: Path, changed: Collection[str], deleted: Collection[str], below: str = ""
    ) -> int:
        """Write a new generation: the newest one, plus `changed` paths of `source`, minus `deleted`.

        With `below` these paths, and `source`, are those of a folder of the volume.

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
        inside = PurePosixPath(below)
        replaced = {
            path for path in changed if not (_is_folder(old / inside / path) and _is_folder(source / path))
        }
        try:
            link_tree(old, part, frozenset(str(inside / path) for path in replaced.union(deleted)))
            for path in sorted(changed):
                copied += _put(source / path, part / inside / path)
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
                    for key in [key for key in self._entries if key[0] == number]:
                        del self._entries[key]


class VolumeStore:
    """All volumes below one folder; the database knows their names."""

    def __init__(self, root: Path, database: Database) -> None:
        self._root = root
        self._database = database
        root.mkdir(parents=True, exist_ok=True)
        self._volumes: dict[str, Volume] = {}
        for row in database.rows("SELECT * FROM volumes ORDER BY created_s"):
            folder = root / row["id"]
            volume = Volume(
                row["id"], row["environment"], row["name"], row["version"], folder, row["created_s"]
            )
            volume.generation = int(volume.committed.readlink().name)
            self._volumes[volume.id] = volume
        self._sweep()

    def _sweep(self) -> None:
        """Remove ephemeral volumes of an earlier control plane, and folders that no row knows."""
        for volume in list(self):
            if not volume.name:
                self.delete(volume)
        for folder in self._root.iterdir():
            if folder.name not in self._volumes:
                remove(folder)
        for volume in self:
            for tree in (volume.folder / "generations").iterdir():
                # Older ones that a container held, and one that a crash kept from becoming the committed one.
                if tree != volume.tree(volume.generation):
                    remove(tree)

    def __iter__(self) -> Iterator[Volume]:
        return iter(list(self._volumes.values()))

    def create(self, name: str, version: Any, environment: str) -> Volume:
        """Make an empty volume; an ephemeral one has no name."""
        volume_id = new_id("vo")
        volume = Volume(volume_id, environment, name, version, self._root / volume_id, time.time())
        volume.tree(0).mkdir(parents=True)
        volume.committed.symlink_to(f"generations/{0:06d}")
        self._volumes[volume.id] = volume
        self._save(volume)
        return volume

    def get(self, volume_id: str) -> Volume | None:
        """The volume with this id."""
        return self._volumes.get(volume_id)

    def by_name(self, name: str, environment: str) -> Volume | None:
        """The volume with this name in an environment."""
        named = (v for v in self if v.name == name and v.environment == environment)
        return next(named, None) if name else None

    def rename(self, volume: Volume, name: str) -> None:
        """Give a volume another name."""
        volume.name = name
        self._save(volume)

    def delete(self, volume: Volume) -> None:
        """Forget a volume and remove its files."""
        self._volumes.pop(volume.id, None)
        self._database.run("DELETE FROM volumes WHERE id = ?", (volume.id,))
        remove(volume.folder)

    def path(self, name: str) -> Path:
        """Folder with the committed files of a volume, in whichever environment: every commit moves the link.

        Raises:
            KeyError: There is no volume of this name.
        """
        for volume in self:
            if volume.name == name:
                return volume.committed
        known = ", ".join(sorted(v.name for v in self if v.name)) or "none"
        raise KeyError(f"no volume is called {name!r}; there are: {known}")

    def _save(self, volume: Volume) -> None:
        self._database.save(
            "volumes",
            id=volume.id,
            environment=volume.environment,
            name=volume.name,
            version=int(volume.version),
            created_s=volume.created_s,
        )


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
