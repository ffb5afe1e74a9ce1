"""Objects that have a name in an environment, or none while they are ephemeral."""

from __future__ import annotations

import time
from dataclasses import dataclass

from tminus.controlplane.model import new_id
from tminus.controlplane.store.database import Database


@dataclass(frozen=True, slots=True)
class NamedRecord:
    """A dict or a queue; an ephemeral one has no name."""

    id: str
    environment: str
    name: str
    created_s: float


class LimitError(Exception):
    """A documented limit was broken; the message names it, its source and its date."""


class TooLargeError(LimitError):
    """A single object is larger than the platform takes in one request."""


class FullError(LimitError):
    """There is no room now; there may be later."""


class NamedStore:
    """Rows of `NamedRecord` in one table.

    Args:
        database: The database.
        table: Its table.
        prefix: What the ids begin with.
    """

    def __init__(self, database: Database, table: str, prefix: str) -> None:
        self._database = database
        self._table = table
        self._prefix = prefix
        # Ephemeral ones live no longer than the client that made them, nor than the control plane.
        database.run(f"DELETE FROM {table} WHERE name = ''")

    def create(self, name: str, environment: str) -> NamedRecord:
        """Make one; with an empty name it is ephemeral."""
        record = NamedRecord(new_id(self._prefix), environment, name, time.time())
        self._database.save(
            self._table,
            id=record.id,
            environment=record.environment,
            name=record.name,
            created_s=record.created_s,
        )
        return record

    def get(self, record_id: str) -> NamedRecord | None:
        """The one with this id."""
        row = self._database.row(f"SELECT * FROM {self._table} WHERE id = ?", (record_id,))
        return NamedRecord(**row) if row is not None else None

    def by_name(self, name: str, environment: str) -> NamedRecord | None:
        """The one with this name in an environment."""
        row = self._database.row(
            f"SELECT * FROM {self._table} WHERE environment = ? AND name = ? AND name <> ''",
            (environment, name),
        )
        return NamedRecord(**row) if row is not None else None

    def named(self, environment: str) -> list[NamedRecord]:
        """All with a name in an environment."""
        rows = self._database.rows(
            f"SELECT * FROM {self._table} WHERE environment = ? AND name <> ''", (environment,)
        )
        return [NamedRecord(**row) for row in rows]

    def delete(self, record_id: str) -> None:
        """Remove one with all that it holds."""
        self._database.run(f"DELETE FROM {self._table} WHERE id = ?", (record_id,))
