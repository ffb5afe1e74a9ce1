"""What containers printed, in the database."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from tminus.controlplane.logs import LogEntry
from tminus.controlplane.store.database import Database


class LogStore:
    """Rows of `LogEntry`; a row's position grows with time, over all apps."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, app_id: str, entry: LogEntry) -> None:
        """Add a piece of output."""
        self._database.run(
            "INSERT INTO logs (app_id, time_s, task_id, function_id, call_id, stream, text) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (app_id, entry.time_s, entry.task_id, entry.function_id, entry.call_id, entry.stream, entry.text),
        )

    def after(self, app_id: str, position: int, task_id: str = "", limit: int = 1000) -> list[LogEntry]:
        """The next pieces of output behind a position, oldest first."""
        rows = self._database.rows(
            "SELECT * FROM logs WHERE app_id = ? AND position > ? AND (? = '' OR task_id = ?) "
            "ORDER BY position LIMIT ?",
            (app_id, position, task_id, task_id, limit),
        )
        return [_entry(row) for row in rows]

    def newest(
        self, app_id: str, since_s: float, until_s: float, limit: int, equal: Mapping[str, Any], text: str
    ) -> list[LogEntry]:
        """The newest pieces of output of a time, oldest first.

        Args:
            app_id: Whose.
            since_s: From when, in seconds since the epoch.
            until_s: Until when; that moment excluded.
            limit: How many at most.
            equal: Columns and the values that they must have; an empty value asks for nothing.
            text: What the output must contain.
        """
        where, parameters = _where(app_id, since_s, until_s, equal, text)
        rows = self._database.rows(
            f"SELECT * FROM logs WHERE {where} ORDER BY position DESC LIMIT ?", [*parameters, limit]
        )
        return [_entry(row) for row in reversed(rows)]

    def counts(
        self, app_id: str, since_s: float, until_s: float, bucket_s: int, equal: Mapping[str, Any], text: str
    ) -> list[tuple[int, int, int]]:
        """How much output there was, by time.

        Returns:
            (start in seconds since the epoch, stream, number) for each bucket that has some.
        """
        where, parameters = _where(app_id, since_s, until_s, equal, text)
        rows = self._database.rows(
            "SELECT CAST(time_s / ? AS INTEGER) * ? AS start, stream, count(*) AS number FROM logs "
            f"WHERE {where} GROUP BY start, stream ORDER BY start",
            [bucket_s, bucket_s, *parameters],
        )
        return [(row["start"], row["stream"], row["number"]) for row in rows]


def _where(
    app_id: str, since_s: float, until_s: float, equal: Mapping[str, Any], text: str
) -> tuple[str, list[Any]]:
    conditions = ["app_id = ?", "time_s >= ?", "time_s < ?"]
    parameters: list[Any] = [app_id, since_s, until_s]
    for column, value in equal.items():
        if value:
            conditions.append(f"{column} = ?")
            parameters.append(value)
    if text:
        conditions.append("instr(text, ?) > 0")
        parameters.append(text)
    return " AND ".join(conditions), parameters


def _entry(row: sqlite3.Row) -> LogEntry:
    return LogEntry(
        row["time_s"],
        row["task_id"],
        row["function_id"],
        row["stream"],
        row["text"],
        row["call_id"],
        row["position"],
    )
