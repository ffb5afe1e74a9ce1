"""What the service billed for a run, asked of it through the client.

``modal billing report --json`` gives US dollars by object and interval, for intervals that are over
(https://modal.com/docs/cli/latest/billing#modal-billing-report). The client runs as a program of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

from tminus.launch.record import RunRecord

_TIMEOUT_S = 60
_HOUR = timedelta(hours=1)


class BillError(Exception):
    """The bill could not be had; the message says why."""


@dataclass(frozen=True, slots=True)
class Bill:
    """What a run was billed.

    Attributes:
        usd: US dollars of its app and of its guard's.
        until: End of the last hour that the report covers.
    """

    usd: float
    until: datetime


def bill_of(
    record: RunRecord, now: datetime | None = None, client: Sequence[str] = (sys.executable, "-m", "modal")
) -> Bill:
    """What the service billed for a run that is over, by whole hours.

    Args:
        record: The run.
        now: The time; the report has nothing of the hour that still runs.
        client: The command that runs Modal's client.

    Raises:
        BillError: The last hour of the run is not over yet, or the client could not be asked: it has no
            credentials, or the workspace's plan gives no reports.
    """
    if record.app_id is None or record.started_s is None or record.ended_s is None:
        raise BillError(f"{record.id} has not run to an end")
    start = datetime.fromtimestamp(record.started_s, UTC).replace(minute=0, second=0, microsecond=0)
    end = datetime.fromtimestamp(record.ended_s, UTC).replace(minute=0, second=0, microsecond=0) + _HOUR
    if (now or datetime.now(UTC)) < end:
        raise BillError(f"the hour that it ended in is billed from {end:%H:%M} UTC on")
    command = [
        *client, "billing", "report", "--json", "--resolution", "h",
        "--start", start.isoformat(), "--end", end.isoformat(),
    ]  # fmt: skip
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BillError(f"the client could not be asked: {error}") from error
    if answer.returncode != 0:
        raise BillError(f"`modal billing report` says: {' '.join((answer.stderr or answer.stdout).split())}")
    apps = {record.app_id, record.guard_app_id}
    try:
        rows = [_plain(row) for row in json.loads(answer.stdout)]
        costs = [Decimal(row["cost"]) for row in rows if row["object_id"] in apps]
    except (ValueError, KeyError, TypeError, AttributeError, InvalidOperation) as error:
        raise BillError(f"`modal billing report` gave no table of costs: {error!r}") from error
    return Bill(float(sum(costs, Decimal())), end)


def _plain(row: dict[str, str]) -> dict[str, str]:
    # Older clients name the columns as their tables do: "Object ID".
    return {name.lower().replace(" ", "_"): value for name, value in row.items()}
