"""Stops a run at its deadline or its budget from within Modal, so that the launching terminal may go away.

This file is a Modal script of its own: `tminus launch` starts it, detached, beside the run. It needs the
client and the standard library only, because Modal ships it alone. What it is told and what it saw stands
in a `modal.Dict`, the run's ledger: it goes on from there after an interruption of its own.

A run is stopped as `modal container stop` does it: each container gets SIGINT, the signal of a preemption,
and the time to save that a preemption leaves it; then the app is stopped, so that no new attempt begins.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from typing import Any

import modal
from modal._utils.async_utils import synchronizer
from modal.client import _Client
from modal_proto import api_pb2

POLL_S = 10.0
# The longest timeout that Modal takes (https://modal.com/docs/guide/timeouts); retries go on after one.
_TIMEOUT_S = 86400
_RETRIES = 10
_TOLD_WITHIN_S = 900.0

LIMITS, APP, METER, OUTCOME = "limits", "app_id", "meter", "outcome"
"""Keys of the ledger: what holds, the run's app, what was seen of it, and how it ended."""

app = modal.App("tminus-guard")


@dataclasses.dataclass(frozen=True)
class Limits:
    """What a run may take.

    Attributes:
        usd_per_container_s: Price of a container's second, in US dollars.
        deadline: Seconds since the epoch by which it has to be over; None for no deadline.
        budget_usd: US dollars that it may cost; None for no budget.
        grace_s: Seconds that its containers get to save before they are killed.
        poll_s: Seconds between two looks.
    """

    usd_per_container_s: float
    deadline: float | None = None
    budget_usd: float | None = None
    grace_s: float = 30.0
    poll_s: float = POLL_S

    def exceeded(self, now: float, usd: float, containers: int) -> str | None:
        """Why the run has to be stopped now, so that saving still fits; None where it may go on.

        Args:
            now: Seconds since the epoch.
            usd: US dollars spent so far.
            containers: Containers that run.
        """
        if self.deadline is not None and now + self.grace_s + self.poll_s >= self.deadline:
            return "deadline"
        ahead = self.usd_per_container_s * containers * (self.grace_s + self.poll_s)
        if self.budget_usd is not None and usd + ahead >= self.budget_usd:
            return "budget"
        return None


class Meter:
    """Seconds that the containers of a run have been seen to run."""

    def __init__(self, state: Mapping[str, Any] | None = None) -> None:
        state = state or {}
        self._seconds: dict[str, float] = dict(state.get("seconds", {}))

    def see(self, live: Mapping[str, float], now: float) -> None:
        """Take in which containers run at `now`, by id, with the time since when; 0 means that one waits."""
        for task_id, started in live.items():
            self._seconds[task_id] = max(self._seconds.get(task_id, 0.0), now - started if started else 0.0)

    def usd(self, usd_per_container_s: float) -> float:
        """What they cost so far, in US dollars."""
        return sum(self._seconds.values()) * usd_per_container_s

    @property
    def containers(self) -> int:
        """Containers seen so far."""
        return len(self._seconds)

    def state(self) -> dict[str, Any]:
        """What another meter can go on from."""
        return {"seconds": dict(self._seconds)}


@synchronizer.create_blocking
async def live_containers(app_id: str) -> dict[str, float]:
    """The containers of an app, by id, each with the time when it started; 0 for one that still waits."""
    client = await _Client.from_env()
    answer = await client._stub.TaskList(api_pb2.TaskListRequest(app_id=app_id))
    return {task.task_id: task.started_at for task in answer.tasks}


@synchronizer.create_blocking
async def is_over(app_id: str) -> bool:
    """Whether an app has stopped."""
    client = await _Client.from_env()
    answer = await client._stub.AppGetLifecycle(api_pb2.AppGetLifecycleRequest(app_id=app_id))
    return bool(answer.lifecycle.app_state == api_pb2.APP_STATE_STOPPED)


@synchronizer.create_blocking
async def _interrupt(task_id: str) -> None:
    client = await _Client.from_env()
    await client._stub.ContainerStop(api_pb2.ContainerStopRequest(task_id=task_id))


@synchronizer.create_blocking
async def _stop_app(app_id: str) -> None:
    client = await _Client.from_env()
    await client._stub.AppStop(api_pb2.AppStopRequest(app_id=app_id, source=api_pb2.APP_STOP_SOURCE_CLI))


def stop_run(app_id: str, grace_s: float) -> int:
    """Interrupt the containers of a run, give them time to save, and stop its app.

    Args:
        app_id: The run's app.
        grace_s: Longest time in seconds to wait for the containers.

    Returns:
        How many containers were interrupted.
    """
    asked = live_containers(app_id)
    for task_id in asked:
        _interrupt(task_id)
    give_up = time.monotonic() + grace_s
    while time.monotonic() < give_up and asked.keys() & live_containers(app_id).keys():
        time.sleep(0.5)
    _stop_app(app_id)
    return len(asked)


@app.function(
    image=modal.Image.debian_slim(),
    cpu=0.125,
    memory=256,
    timeout=_TIMEOUT_S,
    retries=modal.Retries(max_retries=_RETRIES, backoff_coefficient=1.0, initial_delay=1.0),
)
def guard(ledger_name: str) -> str:
    """Watch a run until it is over or has to be stopped.

    Args:
        ledger_name: Name of the run's `modal.Dict`.

    Returns:
        ``deadline`` or ``budget`` where it stopped the run, ``over`` where the run came to its end,
        ``untold`` where nobody ever said which app it is.
    """
    ledger = modal.Dict.from_name(ledger_name)
    limits = Limits(**ledger[LIMITS])
    app_id = _wait_for_app(ledger, limits)
    if app_id is None:
        return "untold"
    meter = Meter(ledger.get(METER))
    while True:
        now, live = time.time(), live_containers(app_id)
        meter.see(live, now)
        ledger[METER] = meter.state()
        reason = limits.exceeded(now, meter.usd(limits.usd_per_container_s), len(live))
        if reason is None and is_over(app_id):
            return "over"
        if reason is not None:
            print(f"{reason}: stopping {app_id}")
            stop_run(app_id, limits.grace_s)
            meter.see(live, time.time())
            ledger[METER] = meter.state()
            ledger[OUTCOME] = {"stopped_for": reason, "at": time.time()}
            return reason
        time.sleep(limits.poll_s)


def _wait_for_app(ledger: modal.Dict, limits: Limits) -> str | None:
    # The guard is up before the run is, so that the run is never without one.
    give_up = time.monotonic() + _TOLD_WITHIN_S
    while time.monotonic() < give_up:
        app_id = ledger.get(APP)
        if app_id is not None:
            return str(app_id)
        time.sleep(min(2.0, limits.poll_s))
    return None


@app.local_entrypoint()
def start(ledger_name: str) -> None:
    """Start the guard, and leave it to itself."""
    guard.spawn(ledger_name)
