"""Lists in pages, newest first, as the client asks for them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

from tminus.controlplane.model import Message


class Created(Protocol):
    """Something with a time of creation, in seconds since the epoch."""

    @property
    def created_s(self) -> float:
        """When it was made."""


C = TypeVar("C", bound=Created)


def newest_first(records: Iterable[C], pagination: Message) -> list[C]:
    """The page that a `ListPagination` asks for; everything where it sets nothing."""
    found = sorted(records, key=lambda record: record.created_s, reverse=True)
    if pagination.created_before:
        found = [record for record in found if record.created_s < pagination.created_before]
    return found[: pagination.max_objects] if pagination.max_objects else found
