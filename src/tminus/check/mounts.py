"""The volumes that a function mounts, with the expressions behind them."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import PurePosixPath

from tminus.check.decorators import argument_nodes
from tminus.check.dicts import Entry, entries_of
from tminus.script import Constructed, Known, ModalFunction, Script, Span


@dataclass(frozen=True, slots=True)
class Mount:
    """A volume at a path.

    Attributes:
        path: The mount path as given, a ``Path`` as text; None where it was not read.
        path_span: Where the path stands.
        volume: What is mounted; None where it was not read.
        handle: The name of the variable that holds it, if it is a plain name.
        volume_span: Where the volume stands.
    """

    path: str | None
    path_span: Span
    volume: Constructed | None
    handle: str | None
    volume_span: Span

    @property
    def volume_name(self) -> str | None:
        """The name in ``modal.Volume.from_name(name)``, if that is what is mounted."""
        made = self.volume
        while made is not None and made.receiver is not None:
            made = made.receiver
        if made is None or made.name != "modal.Volume.from_name":
            return None
        given = made.args[0] if made.args else made.kwargs.get("name")
        return given.value if isinstance(given, Known) and isinstance(given.value, str) else None


def mounts_of(script: Script, function: ModalFunction) -> tuple[list[Mount], bool]:
    """The volumes of a function, the app's and its own, and whether these are all."""
    given, whole = argument_nodes(script, function, "volumes")
    entries: list[Entry] = []
    for node in given:
        whole &= entries_of(script, node, function.scope, entries)
    return [_mount(script, entry) for entry in entries], whole


def _mount(script: Script, entry: Entry) -> Mount:
    path, span = entry.key if isinstance(entry.key, str) else None, script.source.span_of(entry.value)
    if isinstance(entry.key, ast.expr):
        span = script.source.span_of(entry.key)
        value = script.evaluate(entry.key, entry.scope)
        if isinstance(value, Known) and isinstance(value.value, str | PurePosixPath):
            path = str(value.value)
    volume = script.evaluate(entry.value, entry.scope)
    return Mount(
        path,
        span,
        volume.value if isinstance(volume, Known) and isinstance(volume.value, Constructed) else None,
        entry.value.id if isinstance(entry.value, ast.Name) else None,
        script.source.span_of(entry.value),
    )
