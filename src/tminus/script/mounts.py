"""What is mounted where in a function's containers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from tminus.script.app import ModalFunction
from tminus.script.containers import Entries
from tminus.script.source import Span
from tminus.script.values import Alternative, Constructed, Known, Unknown, certain, possible

_VOLUMES = ("modal.Volume.", "modal.NetworkFileSystem.", "modal.CloudBucketMount", "modal.SharedVolume")


@dataclass(frozen=True, slots=True)
class Mount:
    """A volume, shared file system or bucket at a path of the container.

    Attributes:
        path: Where it is.
        volume: The object; None where it could not be read.
        path_span: Where the path stands.
        volume_span: Where the volume is named.
        condition: When it is there, in words; empty without a condition.
    """

    path: PurePosixPath
    volume: Constructed | None
    path_span: Span
    volume_span: Span
    condition: str = ""

    @property
    def _made(self) -> Constructed | None:
        made = self.volume
        while made is not None and made.receiver is not None:
            made = made.receiver
        return made

    @property
    def name(self) -> str | None:
        """Name of the volume; None where it has none or it could not be read."""
        made = self._made
        if made is None:
            return None
        given = made.args[0] if made.args else made.kwargs.get("name", made.kwargs.get("bucket_name"))
        return given.value if isinstance(given, Known) and isinstance(given.value, str) else None

    @property
    def ephemeral(self) -> bool:
        """Whether the volume is gone when the app ends."""
        return self._made is not None and self._made.name.endswith(".ephemeral")

    @property
    def create_if_missing(self) -> bool | None:
        """Whether the volume is made if there is none; None where that could not be read."""
        return self._flag("create_if_missing", False)

    @property
    def read_only(self) -> bool | None:
        """Whether nothing can be written; None where that could not be read."""
        made = self.volume
        while made is not None:
            if made.name.endswith(".read_only"):
                return True
            made = made.receiver
        return self._flag("read_only", False)

    @property
    def version(self) -> int | None:
        """The volume's version as the script asks for it; None where it does not say."""
        made = self._made
        given = made.kwargs.get("version") if made is not None else None
        return given.value if isinstance(given, Known) and isinstance(given.value, int) else None

    def _flag(self, name: str, default: bool) -> bool | None:
        made = self.volume
        while made is not None:
            if name in made.kwargs:
                given = made.kwargs[name]
                return bool(given.value) if isinstance(given, Known) else None
            made = made.receiver
        return default if self.volume is not None else None


@dataclass(frozen=True, slots=True)
class Mounts:
    """The mounts of a function.

    Attributes:
        table: Those that could be read.
        complete: Whether there are no others.
    """

    table: tuple[Mount, ...]
    complete: bool

    def holding(self, path: str | PurePosixPath) -> Mount | None:
        """The mount that holds an absolute path; the innermost of several."""
        wanted = _normal(PurePosixPath(path))
        inside = [mount for mount in self.table if wanted.is_relative_to(_normal(mount.path))]
        return max(inside, key=lambda mount: len(mount.path.parts), default=None)


def mounts_of(function: ModalFunction) -> Mounts:
    """What is mounted in a function's containers, by itself and its app.

    Arguments are ``volumes``, and the older ``network_file_systems`` and ``shared_volumes``.
    """
    table: list[Mount] = []
    complete = "**" not in function.arguments and (
        function.app is not None or "volumes" in function.arguments
    )
    shared = function.app.kwargs.get("volumes") if function.app is not None else None
    if shared is not None and shared is not function.argument("volumes"):
        complete &= _mounted(possible(shared), table) and certain(shared)
    for argument in ("volumes", "network_file_systems", "shared_volumes"):
        value = function.argument(argument)
        complete &= _mounted(function.possible(argument), table) and (value is None or certain(value))
    return Mounts(tuple(table), complete)


def _mounted(ways: tuple[Alternative, ...], table: list[Mount]) -> bool:
    """Collect the mounts of a dict; whether these are all."""
    complete = True
    for way in ways:
        entries, span = way.value.value, way.value.span
        if not isinstance(entries, dict):
            complete &= entries is None
            continue
        places = entries.places if isinstance(entries, Entries) else {}
        for path, volume in entries.items():
            path_span, volume_span = places.get(path, (span, span))
            if isinstance(path, str | PurePosixPath):
                where = PurePosixPath(path)
                table.append(Mount(where, _volume(volume), path_span, volume_span, way.condition))
            else:
                complete = False
    return complete


def _volume(value: object) -> Constructed | None:
    if isinstance(value, Known | Unknown):
        ways = possible(value)
        value = ways[0].value.value if ways else None
    if isinstance(value, Constructed) and value.name.startswith(_VOLUMES):
        return value
    return None


def _normal(path: PurePosixPath) -> PurePosixPath:
    parts: list[str] = []
    for part in path.parts:
        if part == ".." and len(parts) > 1:
            parts.pop()
        elif part != "..":
            parts.append(part)
    return PurePosixPath(*parts) if parts else path
