"""The records of runs: kept, found by the beginning of an id, read by another version."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from tminus.launch.record import Planned, RunRecord, RunStatus, RunStore, UnknownRunError


def _record(run_id: str, created_s: float = 1.0, **fields) -> RunRecord:
    return RunRecord(
        id=run_id,
        created_s=created_s,
        script="/x/train.py",
        function=None,
        arguments=("--steps", "3"),
        script_sha256="ab",
        facts_date="2026-11-24",
        service="http://127.0.0.1:1",
        usd_per_container_s=0.01,
        containers=1,
        **fields,
    )


def _planned() -> Planned:
    return Planned(
        machines="1 × 8 H100", seconds=2.0, seconds_low=1.0, seconds_high=3.0, usd=2.0, usd_low=1.0,
        usd_high=3.0, step_s=0.1, steps=20, prices_as_of="2026-11-24",
    )  # fmt: skip


def test_a_record_comes_back_as_it_was_kept(tmp_path: Path):
    kept = RunStore(tmp_path / "runs.db").save(_record("a", planned=_planned(), budget_usd=5.0))
    changed = RunStore(tmp_path / "runs.db").update("a", status=RunStatus.STOPPED, reason="budget")
    again = RunStore(tmp_path / "runs.db").get("a")
    assert again == changed
    assert again.planned == kept.planned
    assert again.status is RunStatus.STOPPED


def test_runs_are_found_by_the_beginning_of_their_id_or_as_the_last(tmp_path: Path):
    store = RunStore(tmp_path / "runs.db")
    for number, name in enumerate(["train-1", "train-12", "other-1"]):
        store.save(_record(name, created_s=float(number)))
    assert store.get("other").id == "other-1"
    assert store.get("train-1").id == "train-1", "a whole id goes before a beginning"
    assert store.get("last").id == "other-1"
    with pytest.raises(UnknownRunError, match="2 runs begin so: train-12, train-1"):
        store.get("train")
    with pytest.raises(
        UnknownRunError, match="there is no such run; the newest are other-1, train-12, train-1"
    ):
        store.get("x")
    with pytest.raises(UnknownRunError, match="no run was launched yet"):
        RunStore(tmp_path / "empty.db").get("x")


def test_fields_of_a_newer_version_are_left_out(tmp_path: Path):
    store = RunStore(tmp_path / "runs.db")
    store.save(_record("a"))
    with sqlite3.connect(store.path) as database:
        values = {**store.get("a").to_dict(), "colour": "blue"}
        database.execute("UPDATE runs SET record = ?", (json.dumps(values),))
    assert store.get("a") == _record("a")


def test_the_bill_goes_before_the_clock():
    assert _record("a", usd=2.0).paid_usd == 2.0
    assert _record("a", usd=2.0, billed_usd=2.5).paid_usd == 2.5
