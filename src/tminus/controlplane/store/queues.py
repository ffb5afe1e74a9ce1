"""Queues: partitions and their items, in the database.

Limits are those of the facts ``queue.*``. Items are bytes: the client has serialized them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from tminus.controlplane.store.database import Database
from tminus.controlplane.store.named import FullError, LimitError, NamedStore, TooLargeError
from tminus.facts import Facts

_PARTITION = "queue_id = ? AND partition = ?"


class QueueStore(NamedStore):
    """Every queue, and its items.

    Args:
        database: The database.
        facts: The platform's documented limits.
        now_s: Seconds since the epoch.
    """

    def __init__(self, database: Database, facts: Facts, now_s: Callable[[], float] = time.time) -> None:
        super().__init__(database, "queues", "qu")
        self._facts = facts
        self._now_s = now_s
        self.sweep()

    def put(self, queue_id: str, partition: bytes, values: Sequence[bytes], expires_after_s: int) -> None:
        """Add items at the end of a partition, all of them or none.

        Raises:
            FullError: There is no room for them now.
            LimitError: They break a limit that no waiting helps against.
        """
        self._check(partition, values)
        with self._database.transaction():
            self._expire(queue_id)
            self._check_room(queue_id, partition, values)
            self._database.run(
                "INSERT INTO queue_partitions VALUES (?, ?, ?) "
                "ON CONFLICT (queue_id, key) DO UPDATE SET expires_s = excluded.expires_s",
                (queue_id, partition, self._now_s() + expires_after_s),
            )
            for value in values:
                self._database.run(
                    "INSERT INTO queue_items (queue_id, partition, value) VALUES (?, ?, ?)",
                    (queue_id, partition, value),
                )

    def take(self, queue_id: str, partition: bytes, number: int) -> list[bytes]:
        """Remove the first items of a partition, as many as there are, and give them."""
        with self._database.transaction():
            self._expire(queue_id)
            rows = self._database.rows(
                f"SELECT position, value FROM queue_items WHERE {_PARTITION} ORDER BY position LIMIT ?",
                (queue_id, partition, number),
            )
            if rows:
                self._database.run(
                    f"DELETE FROM queue_items WHERE {_PARTITION} AND position <= ?",
                    (queue_id, partition, rows[-1]["position"]),
                )
        return [row["value"] for row in rows]

    def after(self, queue_id: str, partition: bytes, position: int, number: int) -> list[tuple[int, bytes]]:
        """The next items of a partition behind a position, which stay in it."""
        self._expire(queue_id)
        rows = self._database.rows(
            f"SELECT position, value FROM queue_items WHERE {_PARTITION} AND position > ? "
            "ORDER BY position LIMIT ?",
            (queue_id, partition, position, number),
        )
        return [(row["position"], row["value"]) for row in rows]

    def count(self, queue_id: str, partition: bytes | None) -> int:
        """Number of items in a partition, or, with None, in all."""
        self._expire(queue_id)
        return self._number(
            "SELECT count(*) FROM queue_items WHERE queue_id = ? AND (? IS NULL OR partition = ?)",
            queue_id,
            partition,
            partition,
        )

    def partitions(self, queue_id: str) -> int:
        """Number of partitions that hold items."""
        self._expire(queue_id)
        return self._number("SELECT count(DISTINCT partition) FROM queue_items WHERE queue_id = ?", queue_id)

    def clear(self, queue_id: str, partition: bytes | None) -> None:
        """Remove all items of a partition, or, with None, of all."""
        self._database.run(
            "DELETE FROM queue_partitions WHERE queue_id = ? AND (? IS NULL OR key = ?)",
            (queue_id, partition, partition),
        )

    def sweep(self) -> None:
        """Clear every partition whose time is over."""
        self._database.run("DELETE FROM queue_partitions WHERE expires_s <= ?", (self._now_s(),))

    def _check(self, partition: bytes, values: Sequence[bytes]) -> None:
        longest = self._facts["queue.partition_key_max_bytes"]
        if len(partition) > longest.value:
            raise LimitError(
                f"a partition key of {len(partition)} bytes, at most {longest.value} ({longest.citation()})"
            )
        largest = self._facts["queue.item_max_mib"]
        for value in values:
            if len(value) > largest.value << 20:
                limit = f"at most {largest.value} ({largest.citation()})"
                raise TooLargeError(f"an item of {len(value) / (1 << 20):.1f} MiB, {limit}")

    def _check_room(self, queue_id: str, partition: bytes, values: Sequence[bytes]) -> None:
        most, size = self._facts["queue.partition_items_max"], self._facts["queue.partition_max_mib"]
        for limit, found, what in (
            (most.value, len(values), f"{most.value} items ({most.citation()})"),
            (size.value << 20, sum(map(len, values)), f"{size.value} MiB ({size.citation()})"),
        ):
            if found > limit:
                raise LimitError(f"one put of more than a partition holds: at most {what}")
        row = self._database.row(
            f"SELECT count(*) AS items, coalesce(sum(length(value)), 0) AS size FROM queue_items "
            f"WHERE {_PARTITION}",
            (queue_id, partition),
        )
        assert row is not None
        if row["items"] + len(values) > most.value:
            raise FullError(
                f"the partition is full: {row['items']} of {most.value} items ({most.citation()})"
            )
        if row["size"] + sum(map(len, values)) > size.value << 20:
            raise FullError(f"the partition is full: at most {size.value} MiB ({size.citation()})")
        if not self._number(
            "SELECT count(*) FROM queue_partitions WHERE queue_id = ? AND key = ?", queue_id, partition
        ):
            parts = self._facts["queue.partitions_max"]
            if (
                self._number("SELECT count(*) FROM queue_partitions WHERE queue_id = ?", queue_id)
                >= parts.value
            ):
                raise FullError(f"the queue has {parts.value} partitions already ({parts.citation()})")

    def _expire(self, queue_id: str) -> None:
        self._database.run(
            "DELETE FROM queue_partitions WHERE queue_id = ? AND expires_s <= ?", (queue_id, self._now_s())
        )

    def _number(self, statement: str, *parameters: object) -> int:
        row = self._database.row(statement, parameters)
        assert row is not None
        return int(row[0])
