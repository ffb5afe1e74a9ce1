"""The SQLite database that holds a control plane's records."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tminus.controlplane.store.schema import MIGRATIONS

BUSY_TIMEOUT_S = 10.0


class StoreError(Exception):
    """The state on disk cannot be used; the message says why and what to do."""


class Database:
    """One connection, shared by all threads of a control plane.

    Every statement outside `transaction` is a transaction of its own. Write-ahead logging leaves the database
    whole whatever ends the process; only a loss of power can take the last transactions with it.

    Args:
        path: The file; made, readable by its owner alone, where it is missing.

    Raises:
        StoreError: The file is no database of this tool, or a newer version of it made it.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        path.parent.mkdir(parents=True, exist_ok=True)
        # The files that SQLite puts beside it get the same mode.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._connection = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        self._connection.row_factory = sqlite3.Row
        try:
            self._prepare(path)
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise StoreError(
                f"{path} is not a readable database ({error}); move it away, or use another folder"
            ) from error
        except StoreError:
            self._connection.close()
            raise

    def _prepare(self, path: Path) -> None:
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
            self._connection.execute(f"PRAGMA {pragma}")
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(MIGRATIONS):
            raise StoreError(
                f"{path} has version {version} of the tables, this tminus knows up to {len(MIGRATIONS)}: "
                "upgrade tminus, or use another folder"
            )
        for number, script in enumerate(MIGRATIONS[version:], version + 1):
            try:
                self._connection.executescript(
                    f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;"
                )
            except sqlite3.Error:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do what the block does as a whole, or, where it raises, not at all. Blocks do not nest."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """All rows that a statement gives."""
        with self._lock:
            return self._connection.execute(statement, parameters).fetchall()

    def row(self, statement: str, parameters: Sequence[Any] = ()) -> sqlite3.Row | None:
        """The first row that a statement gives, if any."""
        with self._lock:
            found: sqlite3.Row | None = self._connection.execute(statement, parameters).fetchone()
            return found

    def run(self, statement: str, parameters: Sequence[Any] = ()) -> int:
        """Run a statement.

        Returns:
            Number of rows that it changed.
        """
        with self._lock:
            return self._connection.execute(statement, parameters).rowcount

    def save(self, table: str, **columns: Any) -> None:
        """Insert a row, or update the one with the same primary key, which is the first column given."""
        names = list(columns)
        marks = ", ".join("?" * len(names))
        updates = ", ".join(f"{name} = excluded.{name}" for name in names[1:])
        self.run(
            f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks}) "
            f"ON CONFLICT ({names[0]}) DO UPDATE SET {updates}",
            list(columns.values()),
        )

    def close(self) -> None:
        """Close the connection; the write-ahead log is folded into the file."""
        with self._lock:
            self._connection.close()
