"""Secrets: names in the database, each one's values in a file that only its owner can read.

The values stay out of the database, so that it can be copied into a report, and so that deleting a secret
leaves nothing of it in free pages.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from pathlib import Path

from tminus.controlplane.model import SecretRecord
from tminus.controlplane.store.database import Database
from tminus.durable import fsync_path


class SecretStore:
    """Rows and files of `SecretRecord`."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)

    def all(self) -> list[SecretRecord]:
        """Every secret with its values; one whose file is gone is forgotten."""
        found = []
        for row in self._database.rows("SELECT * FROM secrets ORDER BY created_s"):
            try:
                values = json.loads(self._path(row["id"]).read_text(encoding="utf-8"))
            except FileNotFoundError:
                self._database.run("DELETE FROM secrets WHERE id = ?", (row["id"],))
                continue
            found.append(SecretRecord(row["id"], row["name"], values, row["environment"], row["created_s"]))
        return found

    def save(self, secret: SecretRecord) -> None:
        """Keep a secret: first its values, then its row."""
        path = self._path(secret.id)
        part = path.with_suffix(".part")
        part.unlink(missing_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(secret.values, file)
            file.flush()
            os.fsync(descriptor)
        part.replace(path)
        fsync_path(self._folder)
        self._database.save(
            "secrets",
            id=secret.id,
            environment=secret.environment,
            name=secret.name,
            created_s=secret.created_s,
        )

    def delete(self, secret_id: str) -> None:
        """Forget a secret; the same where it was never kept."""
        self._database.run("DELETE FROM secrets WHERE id = ?", (secret_id,))
        self._path(secret_id).unlink(missing_ok=True)

    def sweep(self, used: Collection[str]) -> None:
        """Remove secrets without a name that nothing uses, and files without a row."""
        for row in self._database.rows("SELECT id FROM secrets WHERE name = ''"):
            if row["id"] not in used:
                self.delete(row["id"])
        known = {row["id"] for row in self._database.rows("SELECT id FROM secrets")}
        for path in self._folder.iterdir():
            if path.suffix != ".json" or path.stem not in known:
                path.unlink()

    def _path(self, secret_id: str) -> Path:
        return self._folder / f"{Path(secret_id).name}.json"
