"""A container's private view of a volume: changes stay in it until they are committed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tminus.controlplane.volumes.store import Volume
from tminus.controlplane.volumes.tree import Entry, copy_file, entry_of, fingerprint, remove, scan


@dataclass(frozen=True, slots=True)
class CommitResult:
    """What a commit published: files written, paths deleted, bytes copied."""

    files: int = 0
    deleted: int = 0
    bytes: int = 0


class VolumeView:
    """What one container sees of one volume.

    The view starts as the newest committed generation. How its files get there (an overlay, a copy) is the
    sandbox's business; it says with `attach` where they can be reached from outside. Nothing is read when a
    container starts, however much the volume holds.

    Args:
        volume: The volume.
        mount_path: Where the container sees it.
        folder: Folder of this machine for the view alone.
        read_only: Whether the container may not change it.
        below: Folder of the volume that alone is seen; made where the volume does not have it.
    """

    def __init__(
        self, volume: Volume, mount_path: str, folder: Path, *, read_only: bool, below: str = ""
    ) -> None:
        self.volume = volume
        self.mount_path = mount_path
        self.folder = folder
        self.read_only = read_only
        self._below = below
        if below:
            volume.make_folder(below)
        self._generation = volume.lease()
        # What the container had after its last commit or reload; None while that is its whole generation.
        self._base: Mapping[str, Entry] | None = None
        self._tree: Path | None = None
        self._changes: Path | None = None
        self._changes_committed: dict[str, tuple[int, int, int]] = {}
        self._closed = False

    @property
    def lower(self) -> Path:
        """The generation below the view; its files must not be written to."""
        return self.volume.tree(self._generation) / self._below

    def attach(self, tree: Path, changes: Path | None = None) -> None:
        """Say where the container's files can be read and written from outside.

        Args:
            tree: All of them.
            changes: Where whatever the container changes ends up, if that is a place of its own.
        """
        self._tree = tree
        self._changes = changes

    def commit(self) -> CommitResult:
        """Publish what the container changed since its last commit or reload.

        The last writer of a file wins. Blocks; run it outside the event loop.

        Raises:
            OSError: The container is gone; nothing was published.
        """
        if self.read_only or self._tree is None or self._closed:
            return CommitResult()
        with self.volume.lock:
            changes = fingerprint(self._changes) if self._changes is not None else None
            if changes == self._changes_committed:
                return CommitResult()
            base, now = self._last_seen(), self._scan()
            changed = {path for path, entry in now.items() if base.get(path) != entry}
            deleted = base.keys() - now.keys()
            copied = 0
            if changed or deleted:
                copied = self.volume.publish(self._tree, changed, deleted, self._below)
            self._base, self._changes_committed = now, changes or {}
            return CommitResult(sum(now[path].kind != "d" for path in changed), len(deleted), copied)

    def reload(self) -> int:
        """Bring what others committed into the view; the container's own uncommitted changes stay.

        Blocks; run it outside the event loop.

        Returns:
            Number of paths that changed.
        """
        if self._tree is None or self._closed:
            return 0
        with self.volume.lock:
            newest = self.volume.tree(self.volume.generation) / self._below
            committed = self.volume.entries(self.volume.generation, self._below)
            base, now = dict(self._last_seen()), self._scan()
            own = {path for path in now.keys() | base.keys() if now.get(path) != base.get(path)}
            stale = [
                path
                for path in sorted(committed.keys() | base.keys())
                if committed.get(path) != base.get(path) and path not in own
            ]
            for path in stale:
                self._bring(path, committed.get(path), newest, base)
            self._base = base
            return len(stale)

    def _last_seen(self) -> Mapping[str, Entry]:
        if self._base is None:
            self._base = self.volume.entries(self._generation, self._below)
        return self._base

    def _bring(self, path: str, entry: Entry | None, newest: Path, base: dict[str, Entry]) -> None:
        assert self._tree is not None
        target = self._tree / path
        if entry is None:
            remove(target)
            base.pop(path, None)
            return
        old = base.get(path)
        if old is not None and old.kind != entry.kind:
            remove(target)
        if entry.kind == "d":
            target.mkdir(exist_ok=True)
            target.chmod(entry.mode)
        elif entry.kind == "l":
            remove(target)
            target.symlink_to(entry.target)
        else:
            copy_file(newest / path, target, durable=False)
        seen = entry_of(target)
        assert seen is not None
        base[path] = seen

    def _scan(self) -> dict[str, Entry]:
        assert self._tree is not None
        # An empty answer from a view that is gone must not read as "everything was deleted".
        self._tree.stat()
        found = scan(self._tree)
        self._tree.stat()
        return found

    def close(self) -> None:
        """Give the generation back; uncommitted changes are lost with the container's folder."""
        if not self._closed:
            self._closed = True
            self.volume.release(self._generation)
