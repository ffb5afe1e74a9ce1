"""Spawned calls of deployed apps in the database: their inputs and results outlive the control plane."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from modal_proto import api_pb2

from tminus.controlplane.model import CallRecord, FunctionRecord, InputRecord, InputState
from tminus.controlplane.store.database import Database


@dataclass(frozen=True, slots=True)
class StoredFunction:
    """The function that a call is of: a deployed one, or a variant of one with the request that bound it."""

    id: str
    base_id: str
    binding: bytes


class CallStore:
    """Rows of `CallRecord` and `InputRecord`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, call: CallRecord, function: FunctionRecord) -> None:
        """Keep a call; its inputs follow."""
        bound = function.binding is not None
        self._database.save(
            "calls",
            id=call.id,
            app_id=function.app_id,
            function_id=function.id,
            base_id=function.metadata.base_function_id if bound else "",
            binding=function.binding.SerializeToString() if bound else b"",
            invocation_type=call.invocation_type,
            parent_input_id=call.parent_input_id,
            created_s=call.created_s,
        )

    def save_inputs(self, items: Iterable[InputRecord]) -> None:
        """Keep new inputs."""
        with self._database.transaction():
            for item in items:
                self._database.run(
                    "INSERT INTO inputs (id, call_id, number, payload, retries_used) VALUES (?, ?, ?, ?, ?)",
                    (item.id, item.call.id, item.index, item.payload.SerializeToString(), item.retries_used),
                )

    def save_retry(self, item: InputRecord) -> None:
        """Keep that another retry of an input is used up."""
        self._database.run("UPDATE inputs SET retries_used = ? WHERE id = ?", (item.retries_used, item.id))

    def save_output(self, item: InputRecord) -> None:
        """Keep the result of an input, and its place among those of its call."""
        self._database.run(
            "UPDATE inputs SET output = ?, place = ? WHERE id = ?",
            (item.output.SerializeToString(), len(item.call.finished), item.id),
        )

    def restore(self, find: Callable[[StoredFunction], bool]) -> list[CallRecord]:
        """Every kept call; those whose function is not to be found any more are dropped.

        Args:
            find: Brings a function back; False where it cannot.
        """
        calls = []
        for row in self._database.rows("SELECT * FROM calls ORDER BY created_s"):
            function = StoredFunction(row["function_id"], row["base_id"], row["binding"])
            if not find(function):
                self.delete(row["id"])
                continue
            call = CallRecord(
                row["id"],
                function.id,
                row["invocation_type"],
                row["parent_input_id"],
                row["created_s"],
                kept=True,
            )
            self._restore_inputs(call)
            calls.append(call)
        return calls

    def _restore_inputs(self, call: CallRecord) -> None:
        rows = self._database.rows(
            "SELECT * FROM inputs WHERE call_id = ? ORDER BY place, number", (call.id,)
        )
        for row in rows:
            payload = api_pb2.FunctionInput.FromString(row["payload"])
            item = InputRecord(row["id"], call, row["number"], payload, retries_used=row["retries_used"])
            call.inputs[item.index] = item
            if row["output"] is not None:
                item.output = api_pb2.FunctionPutOutputsItem.FromString(row["output"])
                item.state = InputState.DONE
                call.finished.append(item)

    def delete(self, call_id: str) -> None:
        """Remove a call with its inputs."""
        self._database.run("DELETE FROM calls WHERE id = ?", (call_id,))
