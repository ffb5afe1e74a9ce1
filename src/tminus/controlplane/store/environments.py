"""Environments of the workspace, in the database."""

from __future__ import annotations

from tminus.controlplane.model import EnvironmentRecord
from tminus.controlplane.store.database import Database


class EnvironmentStore:
    """Rows of `EnvironmentRecord`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[EnvironmentRecord]:
        """Every environment, oldest first."""
        rows = self._database.rows("SELECT * FROM environments ORDER BY created_s")
        return [EnvironmentRecord(**row) for row in rows]

    def save(self, environment: EnvironmentRecord) -> None:
        """Insert or update one."""
        self._database.save(
            "environments",
            id=environment.id,
            name=environment.name,
            created_s=environment.created_s,
            web_suffix=environment.web_suffix,
            image_builder_version=environment.image_builder_version,
        )

    def rename(self, old: str, new: str) -> None:
        """Move everything of an environment to its new name."""
        with self._database.transaction():
            self._database.run("UPDATE environments SET name = ? WHERE name = ?", (new, old))
            for table in _TABLES:
                self._database.run(f"UPDATE {table} SET environment = ? WHERE environment = ?", (new, old))

    def delete(self, environment: EnvironmentRecord) -> None:
        """Remove one; what is in it has to be removed before."""
        self._database.run("DELETE FROM environments WHERE id = ?", (environment.id,))


# Tables whose rows belong to an environment.
_TABLES = ("apps", "secrets", "volumes", "dicts", "queues")
