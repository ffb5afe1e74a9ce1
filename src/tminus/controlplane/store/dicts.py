"""Dicts: entries in the database, large values in files beside it.

Limits are those of the facts ``dict.*``. Keys and values are bytes: the client has serialized them.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tminus.controlplane.store.database import Database
from tminus.controlplane.store.named import FullError, LimitError, NamedStore, TooLargeError
from tminus.durable import fsync_path
from tminus.facts import Facts

# Larger values would make the database grow and never shrink again.
FILE_BYTES_MIN = 256 << 10
# How far the time of an entry's last use may be behind: not every read has to be a write.
USE_NOTED_S = 3600.0
_PAGE = 256
_ENTRY = "dict_id = ? AND key = ?"


class DictStore(NamedStore):
    """Every dict, and its entries.

    Args:
        database: The database.
        folder: Folder of large values.
        facts: The platform's documented limits.
        now_s: Seconds since the epoch.
    """

    def __init__(
        self, database: Database, folder: Path, facts: Facts, now_s: Callable[[], float] = time.time
    ) -> None:
        super().__init__(database, "dicts", "di")
        self._folder = folder
        self._facts = facts
        self._now_s = now_s
        folder.mkdir(parents=True, exist_ok=True)
        self.sweep()

    def read(self, dict_id: str, key: bytes) -> bytes | None:
        """The value of a key; None where there is none."""
        row = self._entry(dict_id, key)
        if row is None:
            return None
        now = self._now_s()
        if row["used_s"] < now - USE_NOTED_S:
            self._database.run(f"UPDATE dict_entries SET used_s = ? WHERE {_ENTRY}", (now, dict_id, key))
        return self._value(row)

    def contains(self, dict_id: str, key: bytes) -> bool:
        """Whether there is such a key."""
        return self._entry(dict_id, key) is not None

    def update(self, dict_id: str, entries: Sequence[tuple[bytes, bytes]], *, skip_existing: bool) -> bool:
        """Set entries, all of them or, on an error, none.

        Returns:
            False where every key existed and `skip_existing` left it as it was.

        Raises:
            LimitError: A documented limit was broken.
        """
        self._check(dict_id, entries)
        written = [(key, value, self._write(value)) for key, value in entries]
        stale: list[str] = []
        added = 0
        try:
            with self._database.transaction():
                for key, value, file in written:
                    old = self._entry(dict_id, key)
                    if old is not None and skip_existing:
                        stale.append(file)
                        continue
                    added += 1
                    self._put(dict_id, key, value, file)
                    stale.append(old["file"] if old is not None else "")
        except BaseException:
            self._drop(file for _, _, file in written)
            raise
        self._drop(stale)
        return added > 0

    def pop(self, dict_id: str, key: bytes) -> bytes | None:
        """Remove a key; its value, or None where there was none."""
        with self._database.transaction():
            row = self._entry(dict_id, key)
            if row is None:
                return None
            value = self._value(row)
            self._database.run(f"DELETE FROM dict_entries WHERE {_ENTRY}", (dict_id, key))
        self._drop([row["file"]])
        return value

    def count(self, dict_id: str) -> int:
        """Number of entries, as far as the platform counts them."""
        row = self._database.row(
            "SELECT count(*) AS number FROM dict_entries WHERE dict_id = ? AND used_s > ?",
            (dict_id, self._oldest_s()),
        )
        assert row is not None
        return min(int(row["number"]), int(self._facts["dict.len_max"].value))

    def items(self, dict_id: str) -> Iterator[tuple[bytes, bytes]]:
        """All entries; one that is changed meanwhile is seen in either state."""
        last = -1
        while True:
            rows = self._database.rows(
                "SELECT rowid AS number, * FROM dict_entries WHERE dict_id = ? AND used_s > ? AND rowid > ? "
                "ORDER BY rowid LIMIT ?",
                (dict_id, self._oldest_s(), last, _PAGE),
            )
            for row in rows:
                last = row["number"]
                try:
                    yield row["key"], self._value(row)
                except FileNotFoundError:
                    continue  # it was removed, or set anew, since the rows were read
            if len(rows) < _PAGE:
                return

    def clear(self, dict_id: str) -> None:
        """Remove all entries."""
        self._database.run("DELETE FROM dict_entries WHERE dict_id = ?", (dict_id,))
        self.sweep()

    def delete(self, record_id: str) -> None:
        """Remove a dict with its entries."""
        super().delete(record_id)
        self.sweep()

    def sweep(self) -> None:
        """Remove entries that were not used for too long, and files that no entry has."""
        self._database.run("DELETE FROM dict_entries WHERE used_s <= ?", (self._oldest_s(),))
        files = {path.name for path in self._folder.iterdir()}
        known = {row["file"] for row in self._database.rows("SELECT file FROM dict_entries WHERE file <> ''")}
        fresh_s = time.time() - USE_NOTED_S
        for name in files - known:
            path = self._folder / name
            # One that is being written has no entry yet.
            if path.stat().st_mtime < fresh_s:
                path.unlink(missing_ok=True)

    def _check(self, dict_id: str, entries: Sequence[tuple[bytes, bytes]]) -> None:
        most = self._facts["dict.update_entries_max"]
        if len(entries) > most.value:
            raise LimitError(
                f"{len(entries)} entries in one update, at most {most.value} ({most.citation()})"
            )
        largest = self._facts["dict.entry_max_mib"]
        for key, value in entries:
            size = len(key) + len(value)
            if size > largest.value << 20:
                raise TooLargeError(
                    f"an entry of {size / (1 << 20):.1f} MiB, at most {largest.value} ({largest.citation()})"
                )
        whole = self._facts["dict.size_max_gib"]
        row = self._database.row(
            "SELECT coalesce(sum(size), 0) AS size FROM dict_entries WHERE dict_id = ?", (dict_id,)
        )
        assert row is not None
        size = row["size"] + sum(len(key) + len(value) for key, value in entries)
        if size > whole.value << 30:
            raise FullError(
                f"the dict would hold {size >> 20} MiB, at most {whole.value} GiB ({whole.citation()})"
            )

    def _entry(self, dict_id: str, key: bytes) -> sqlite3.Row | None:
        return self._database.row(
            f"SELECT * FROM dict_entries WHERE {_ENTRY} AND used_s > ?", (dict_id, key, self._oldest_s())
        )

    def _put(self, dict_id: str, key: bytes, value: bytes, file: str) -> None:
        self._database.run(
            "INSERT OR REPLACE INTO dict_entries VALUES (?, ?, ?, ?, ?, ?)",
            (dict_id, key, b"" if file else value, file, len(key) + len(value), self._now_s()),
        )

    def _oldest_s(self) -> float:
        return self._now_s() - float(self._facts["dict.entry_expires_days"].value) * 86400

    def _write(self, value: bytes) -> str:
        """Write a large value to a file of its own; the empty name for one that goes into the database."""
        if len(value) < FILE_BYTES_MIN:
            return ""
        path = self._folder / secrets.token_hex(16)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(value)
            file.flush()
            os.fsync(file.fileno())
        fsync_path(self._folder)
        return path.name

    def _value(self, row: sqlite3.Row) -> bytes:
        value: bytes = row["value"]
        return (self._folder / row["file"]).read_bytes() if row["file"] else value

    def _drop(self, files: Iterator[str] | list[str]) -> None:
        for name in files:
            if name:
                (self._folder / name).unlink(missing_ok=True)
