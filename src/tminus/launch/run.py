"""Starting a run: its record, then its guard, then the client, so that nothing runs unknown or unguarded."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tminus.facts import Facts
from tminus.launch.client import Client, LaunchError, start_guard
from tminus.launch.gate import Gate
from tminus.launch.ledger import Ledger
from tminus.launch.record import RunRecord, RunStatus, RunStore, new_run_id


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchOptions:
    """How to launch.

    Attributes:
        function: Function or entrypoint of the script; None for the script's own choice.
        arguments: What is passed on to it.
        budget_usd: US dollars that the run may cost.
        deadline_s: When it has to be over, in seconds since the epoch.
        resumes: Id of the run that it goes on from.
        rehearsal: Path of the rehearsal's record that the gate saw.
        guard_poll_s: Seconds between two looks of the guard.
    """

    function: str | None = None
    arguments: Sequence[str] = ()
    budget_usd: float | None = None
    deadline_s: float | None = None
    resumes: str | None = None
    rehearsal: str | None = None
    guard_poll_s: float | None = None


@dataclass(frozen=True, slots=True)
class Launch:
    """A run that was started from this process: its record as of now, and the client that follows it."""

    record: RunRecord
    client: Client


def launch(
    script: Path,
    gate: Gate,
    facts: Facts,
    options: LaunchOptions,
    store: RunStore,
    say: Callable[[str], None],
) -> Launch:
    """Start a run that passed its gate, with the user's own client and profile.

    Args:
        script: The script.
        gate: What was found; a run that it refuses is not started.
        facts: For the time that containers get to save.
        options: How.
        store: Where the run is kept.
        say: Takes one line of progress for the user.

    Raises:
        LaunchError: The client or the guard could not be started, or the service refused the client; the
            record says so too.
        ValueError: The gate refuses the script.
    """
    if gate.refusals:
        raise ValueError("; ".join(gate.refusals))
    per_container = gate.rate.usd_per_s / gate.containers if gate.rate is not None else 0.0
    record = RunRecord(
        id=new_run_id(script),
        created_s=time.time(),
        script=str(script.resolve()),
        function=options.function,
        arguments=tuple(options.arguments),
        script_sha256=gate.script_sha256,
        facts_date=max(one.as_of for one in facts).isoformat(),
        service=service_address(),
        usd_per_container_s=per_container,
        containers=gate.containers,
        planned=gate.planned,
        rehearsal=options.rehearsal,
        budget_usd=options.budget_usd,
        deadline_s=options.deadline_s,
        resumes=options.resumes,
    )
    store.save(record)
    try:
        record = _guarded(record, facts, options, store, say)
        client = Client(record.target, record.arguments, log_of(record, store))
        app_id = client.app_id()
        if record.guard_app_id is not None:
            Ledger(record.ledger).set_app(app_id)
    except BaseException as error:
        words = str(error).partition("\n")[0] or type(error).__name__
        store.save(replace(record, status=RunStatus.FAILED, ended_s=time.time(), reason=words))
        if _is_of_client(error):
            raise LaunchError(f"Modal's client says: {error}") from error
        raise
    say(f"{record.id} runs as {app_id}")
    return Launch(
        store.save(replace(record, status=RunStatus.RUNNING, app_id=app_id, started_s=time.time())), client
    )


def _guarded(
    record: RunRecord, facts: Facts, options: LaunchOptions, store: RunStore, say: Callable[[str], None]
) -> RunRecord:
    if record.budget_usd is None and record.deadline_s is None:
        return record
    from tminus.launch.guard import POLL_S, Limits  # it loads the client

    limits = Limits(
        usd_per_container_s=record.usd_per_container_s,
        deadline=record.deadline_s,
        budget_usd=record.budget_usd,
        grace_s=float(facts["function.preemption_grace_s"].value),
        poll_s=options.guard_poll_s or POLL_S,
    )
    Ledger(record.ledger, create=True).set_limits(limits)
    app_id = start_guard(record.ledger, log_of(record, store).with_suffix(".guard.log"))
    say(f"budget and deadline are watched by {app_id}, also when this terminal is gone")
    return store.save(replace(record, guard_app_id=app_id))


def _is_of_client(error: BaseException) -> bool:
    import modal.exception

    return isinstance(error, modal.exception.Error | ConnectionError)


def log_of(record: RunRecord, store: RunStore) -> Path:
    """Where the client's output of a run is kept."""
    return store.path.parent / "runs" / f"{record.id}.log"


def service_address() -> str:
    """The service that the user's client talks to."""
    from modal.config import config

    return str(os.environ.get("MODAL_SERVER_URL") or config["server_url"])
