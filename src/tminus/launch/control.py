"""What can be done with a run after its launch: looking at it again, reading its output, stopping it."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace

from tminus.facts import Facts
from tminus.launch.bill import bill_of
from tminus.launch.ledger import Ledger
from tminus.launch.progress import Progress
from tminus.launch.record import RunRecord, RunStatus, RunStore
from tminus.launch.run import log_of, service_address
from tminus.launch.watch import close

_LOGS_TIMEOUT_S = 120


class OtherServiceError(Exception):
    """The run is on another service than the client talks to now; the message says which."""


def refreshed(record: RunRecord, store: RunStore) -> RunRecord:
    """The record after a look at the service: a run that nobody watches may have ended.

    Raises:
        OtherServiceError: The client talks to another service now.
    """
    if record.status.is_over or record.app_id is None:
        return record
    from tminus.launch.guard import is_over

    _require_service(record)
    record = _with_progress(record, output_of(record, store))
    if record.guard_app_id is not None and (meter := Ledger(record.ledger).meter()) is not None:
        record = replace(
            record,
            usd=meter.usd(record.usd_per_container_s),
            restarts=max(0, meter.containers - record.containers),
        )
    if is_over(record.app_id):
        return close(record, store, None, "")
    return store.save(replace(record, seconds=record.seconds_until(time.time())))


def output_of(record: RunRecord, store: RunStore) -> str:
    """What a run printed: the service's log where it has one, else what was kept here.

    Raises:
        OtherServiceError: The client talks to another service now.
    """
    log = log_of(record, store)
    kept = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    if record.app_id is None or record.status is RunStatus.FINISHED:
        return kept
    _require_service(record)
    told = subprocess.run(
        [sys.executable, "-m", "modal", "app", "logs", record.app_id, "--tail", "10000"],
        capture_output=True,
        text=True,
        timeout=_LOGS_TIMEOUT_S,
        check=False,
    )
    return told.stdout if told.returncode == 0 and len(told.stdout) > len(kept) else kept


def stop(record: RunRecord, store: RunStore, facts: Facts) -> RunRecord:
    """Stop a run so that it saves: a signal to its containers, their grace period, then the app.

    Raises:
        OtherServiceError: The client talks to another service now.
    """
    if record.status.is_over or record.app_id is None:
        return record
    from tminus.launch.guard import stop_run

    _require_service(record)
    stop_run(record.app_id, float(facts["function.preemption_grace_s"].value))
    if record.guard_app_id is not None:
        stop_run(record.guard_app_id, 0.0)
    record = close(_with_progress(record, output_of(record, store)), store, None, "")
    return store.save(replace(record, status=RunStatus.STOPPED, reason="stopped by its user"))


def billed(record: RunRecord, store: RunStore) -> RunRecord:
    """The record with what the service billed, asked for once the run is over.

    Raises:
        BillError: There is no bill yet, or the client could not be asked.
        OtherServiceError: The client talks to another service now.
    """
    if record.billed_usd is not None:
        return record
    _require_service(record)
    return store.save(replace(record, billed_usd=bill_of(record).usd))


def _with_progress(record: RunRecord, output: str) -> RunRecord:
    progress = Progress()
    for line in output.replace("\r", "\n").splitlines():
        progress = progress.after(line)
    return replace(
        record,
        last_step=record.last_step if progress.step is None else progress.step,
        last_loss=record.last_loss if progress.loss is None else progress.loss,
    )


def _require_service(record: RunRecord) -> None:
    here = service_address()
    if here != record.service:
        raise OtherServiceError(
            f"{record.id} runs on {record.service}, and the client talks to {here}: set MODAL_SERVER_URL or "
            'the profile as it was at the launch (for a local service: eval "$(tminus local env)")'
        )
