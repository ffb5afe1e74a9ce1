"""Following a run: steps, loss, dollars so far and restarts, from its output and from its containers."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from tminus.launch.ledger import Ledger
from tminus.launch.progress import Progress
from tminus.launch.record import RunRecord, RunStatus, RunStore
from tminus.launch.run import Launch

LOOK_EVERY_S = 5.0
_WAIT_S = 0.25


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A run as of now.

    Attributes:
        record: Its record, with the figures so far.
        progress: What its output says.
        live: Containers that run.
    """

    record: RunRecord
    progress: Progress
    live: int

    @property
    def remaining_s(self) -> float | None:
        """Seconds until the last step at the speed so far; None while that is unknown."""
        step, steps = self.progress.step, self.progress.steps
        if not step or not steps or self.record.seconds is None:
            return None
        return self.record.seconds / step * (steps - step)


class _Log:
    """The lines of a growing file, each once."""

    def __init__(self, path: Path) -> None:
        self._path, self._at, self._half = path, 0, ""

    def new_lines(self) -> list[str]:
        with self._path.open("rb") as file:
            file.seek(self._at)
            data = file.read()
        self._at += len(data)
        # A bar is drawn over itself with carriage returns: each state of it is a line.
        text = self._half + data.decode("utf-8", errors="replace").replace("\r", "\n")
        *lines, self._half = text.split("\n")
        return lines


def follow(
    started: Launch,
    store: RunStore,
    on_line: Callable[[str], None],
    on_snapshot: Callable[[Snapshot], None],
    look_every_s: float = LOOK_EVERY_S,
) -> RunRecord:
    """Follow a run to its end, and keep what became of it.

    The run does not need this: it goes on when it is interrupted.

    Args:
        started: The run.
        store: Where its record is kept; it is kept up to date.
        on_line: Takes each line of the run's output.
        on_snapshot: Takes the state every `look_every_s` seconds.
        look_every_s: Seconds between two looks at its containers.
    """
    from tminus.launch.guard import Meter, live_containers

    record, client = started.record, started.client
    assert record.app_id is not None
    log, progress, meter, looked = _Log(client.log), Progress(), Meter(), float("-inf")
    while True:
        ended = client.exit_code is not None
        for line in log.new_lines():
            on_line(line)
            progress = progress.after(line)
        now = time.time()
        if ended or now - looked >= look_every_s:
            looked = now
            live = live_containers(record.app_id)
            meter.see(live, now)
            record = replace(
                record,
                usd=meter.usd(record.usd_per_container_s),
                restarts=max(0, meter.containers - record.containers),
                seconds=record.seconds_until(now),
                last_step=progress.step,
                last_loss=progress.loss,
            )
            store.save(record)
            on_snapshot(Snapshot(record, progress, len(live)))
        if ended:
            return close(record, store, client.exit_code, client.text())
        time.sleep(_WAIT_S)


def close(record: RunRecord, store: RunStore, exit_code: int | None, output: str) -> RunRecord:
    """Keep how a run ended.

    Args:
        record: The run.
        store: Where it is kept.
        exit_code: The client's; None where nobody watched it.
        output: What it printed, for the reason of a failure.
    """
    stopped_for = None
    if record.guard_app_id is not None:
        ledger = Ledger(record.ledger)
        stopped_for, meter = ledger.stopped_for(), ledger.meter()
        if meter is not None:
            # The guard looked when this process may not have.
            record = replace(
                record,
                usd=max(record.usd or 0.0, meter.usd(record.usd_per_container_s)),
                restarts=max(record.restarts or 0, meter.containers - record.containers),
            )
        ledger.delete()
    if stopped_for is not None:
        status, reason = RunStatus.STOPPED, stopped_for
    elif exit_code == 0:
        status, reason = RunStatus.FINISHED, None
    elif exit_code is None:
        status, reason = _as_told(record), None
    else:
        status, reason = RunStatus.FAILED, _last_error(output)
    now = time.time()
    return store.save(
        replace(record, status=status, reason=reason, ended_s=now, seconds=record.seconds_until(now))
    )


def _as_told(record: RunRecord) -> RunStatus:
    planned = record.planned
    done = planned is not None and record.last_step is not None and record.last_step >= planned.steps
    return RunStatus.FINISHED if done else RunStatus.ENDED


def _last_error(output: str) -> str:
    """The last line of an output that names an exception, or the last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.partition(":")[0].endswith(("Error", "Exception", "Interrupt"))]
    return (errors or lines or ["no output"])[-1][:300]
