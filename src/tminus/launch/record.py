"""What is kept of a run, from the plan to the bill, and the table that keeps it."""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

_DATABASE = "runs.db"
_TABLE = (
    "CREATE TABLE IF NOT EXISTS runs (id TEXT PRIMARY KEY, created_s REAL NOT NULL, record TEXT NOT NULL)"
)


class RunStatus(StrEnum):
    """How a run stands.

    `STOPPED` is stopped before its end, for its budget, its deadline or by its user. `ENDED` is over while
    nobody watched, and its output does not say how.
    """

    STARTING = "starting"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    STOPPED = "stopped"
    ENDED = "ended"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen to it."""
        return self not in {RunStatus.STARTING, RunStatus.RUNNING}


class UnknownRunError(LookupError):
    """No run, or more than one, has the id; the message says which there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What the plan said before the run.

    Attributes:
        machines: The machines in words, such as ``1 × 8 H100``.
        seconds: Expected length, with its interval.
        usd: Expected price in US dollars, with its interval.
        step_s: Seconds of an optimizer step.
        steps: Optimizer steps.
        prices_as_of: The day that the prices are from, in ISO form.
    """

    machines: str
    seconds: float
    seconds_low: float
    seconds_high: float
    usd: float
    usd_low: float
    usd_high: float
    step_s: float
    steps: int
    prices_as_of: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One run.

    Attributes:
        id: The run's name in all commands.
        created_s: When it was asked for, in seconds since the epoch.
        script: The script's path.
        function: The function or entrypoint that was named; None for the script's own choice.
        arguments: What was passed on to it.
        script_sha256: Digest of the script as it was launched.
        facts_date: The day of the newest fact that the check and the plan used, in ISO form.
        service: Address of the service that it runs on.
        usd_per_container_s: Price of a container's second.
        containers: Containers that the run needs at once.
        planned: What the plan said; None where no plan could be made.
        rehearsal: Path of the rehearsal's record that was asked for; None where there was none.
        budget_usd: What it may cost.
        deadline_s: When it has to be over, in seconds since the epoch.
        resumes: Id of the run that it goes on from.
        status: How it stands.
        started_s: When its app was there; None until then.
        app_id: Its app; None until the service has named one.
        guard_app_id: The app that watches budget and deadline; None where neither was given.
        ended_s: When it ended.
        reason: Why it was stopped, or how it failed, in a few words.
        seconds: How long it took, from `started_s` to the end.
        usd: What its containers cost by the clock, at `usd_per_container_s`.
        billed_usd: What the service billed; None where it has not said.
        restarts: Containers started beyond those needed at once.
        last_step: The last optimizer step that its output told of.
        last_loss: The loss there.
    """

    id: str
    created_s: float
    script: str
    function: str | None
    arguments: tuple[str, ...]
    script_sha256: str
    facts_date: str
    service: str
    usd_per_container_s: float
    containers: int
    planned: Planned | None = None
    rehearsal: str | None = None
    budget_usd: float | None = None
    deadline_s: float | None = None
    resumes: str | None = None
    status: RunStatus = RunStatus.STARTING
    started_s: float | None = None
    app_id: str | None = None
    guard_app_id: str | None = None
    ended_s: float | None = None
    reason: str | None = None
    seconds: float | None = None
    usd: float | None = None
    billed_usd: float | None = None
    restarts: int | None = None
    last_step: int | None = None
    last_loss: float | None = None

    @property
    def ledger(self) -> str:
        """Name of the `modal.Dict` that the run and its guard share."""
        return f"tminus-{self.id}"

    @property
    def target(self) -> str:
        """The script as ``modal run`` takes it."""
        return f"{self.script}::{self.function}" if self.function else self.script

    def seconds_until(self, now: float) -> float:
        """Seconds that it has run by `now`."""
        return max(0.0, now - (self.started_s or now))

    @property
    def paid_usd(self) -> float | None:
        """What is known best of its price: the bill, else the clock."""
        return self.usd if self.billed_usd is None else self.billed_usd

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> RunRecord:
        """The record that `to_dict` gave. Fields of a newer version are left out."""
        known = {one.name for one in fields(cls)}
        given = {name: value for name, value in values.items() if name in known}
        planned = given.get("planned")
        return cls(
            **{
                **given,
                "arguments": tuple(given["arguments"]),
                "status": RunStatus(given["status"]),
                "planned": None if planned is None else Planned(**planned),
            }
        )


def new_run_id(script: Path) -> str:
    """A short id that sorts by time and tells the script."""
    return f"{script.stem[:24]}-{time.strftime('%m%d-%H%M')}-{secrets.token_hex(2)}"


def kept_runs() -> list[RunRecord]:
    """The runs that were launched from here, the newest first; makes nothing where there are none."""
    return RunStore().all() if (default_folder() / _DATABASE).exists() else []


class RunStore:
    """The runs of this user, in a database of its own.

    Args:
        path: The database; below the user's data folder where it is None.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or default_folder() / _DATABASE
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)

    def save(self, record: RunRecord) -> RunRecord:
        """Keep a record in the place of what was known of the run before."""
        text = json.dumps(record.to_dict())
        with self._connected() as database:
            database.execute(
                "INSERT OR REPLACE INTO runs VALUES (?, ?, ?)", (record.id, record.created_s, text)
            )
        return record

    def update(self, run_id: str, **changes: Any) -> RunRecord:
        """Change some fields of a run."""
        return self.save(replace(self.get(run_id), **changes))

    def all(self) -> list[RunRecord]:
        """Every run, the newest first."""
        with self._connected() as database:
            rows = database.execute("SELECT record FROM runs ORDER BY created_s DESC").fetchall()
        return [RunRecord.from_dict(json.loads(text)) for (text,) in rows]

    def get(self, run_id: str) -> RunRecord:
        """The run of an id, or of the beginning of one; ``last`` is the newest.

        Raises:
            UnknownRunError: There is none, or more than one.
        """
        runs = self.all()
        exact = [one for one in runs if one.id == run_id] or runs[:1] * (run_id == "last")
        found = exact or [one for one in runs if one.id.startswith(run_id)]
        if len(found) == 1:
            return found[0]
        if found:
            raise UnknownRunError(
                f"{run_id}: {len(found)} runs begin so: {', '.join(one.id for one in found)}"
            )
        known = (
            f"the newest are {', '.join(one.id for one in runs[:3])}" if runs else "no run was launched yet"
        )
        raise UnknownRunError(f"{run_id}: there is no such run; {known}")

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        # Several launches may write at once: each waits for the other's transaction.
        database = sqlite3.connect(self.path, timeout=30)
        try:
            with database:
                database.execute(_TABLE)
                yield database
        finally:
            database.close()


def default_folder() -> Path:
    """Where runs are kept: below the user's data folder, as the XDG specification has it."""
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "tminus"
