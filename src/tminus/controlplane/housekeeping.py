"""Clearing away what nobody needs any more, while a control plane goes on for days."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tminus.controlplane.store.named import NamedRecord
from tminus.controlplane.timers import Timers

if TYPE_CHECKING:
    from tminus.controlplane.state import PlaneState

INTERVAL_S = 60.0
# The client lets an ephemeral object be heard of every 300 s (modal 1.6.4, modal/_object.py).
EPHEMERAL_SILENT_S = 3 * 300.0
# Ended containers that `modal container` can still be asked about.
ENDED_CONTAINERS_KEPT = 1000


class Housekeeping:
    """Sweeps at intervals, and ephemeral objects: they live as long as their client is heard of."""

    def __init__(self) -> None:
        self._heard_s: dict[str, float] = {}

    def begin(self, state: PlaneState, timers: Timers) -> None:
        """Sweep from now on."""
        timers.every(INTERVAL_S, lambda: self.sweep(state))

    def made(self, record: NamedRecord) -> None:
        """A dict or queue was made."""
        if not record.name:
            self.heard_of(record.id)

    def heard_of(self, object_id: str) -> None:
        """The client of an ephemeral object is still there."""
        self._heard_s[object_id] = time.monotonic()

    def sweep(self, state: PlaneState) -> None:
        """Clear away once."""
        now = time.monotonic()
        for object_id in [i for i, heard_s in self._heard_s.items() if now - heard_s > EPHEMERAL_SILENT_S]:
            del self._heard_s[object_id]
            _delete(state, object_id)
        state.store.dicts.sweep()
        state.store.queues.sweep()
        _forget_calls(state)
        ended = [c for c in state.containers.values() if not c.alive]
        for container in ended[: max(0, len(ended) - ENDED_CONTAINERS_KEPT)]:
            del state.containers[container.task_id]


def _delete(state: PlaneState, object_id: str) -> None:
    if object_id.startswith("di-"):
        state.store.dicts.delete(object_id)
    elif object_id.startswith("qu-"):
        state.store.queues.delete(object_id)
    elif (volume := state.volumes.get(object_id)) is not None:
        state.volumes.delete(volume)


def _forget_calls(state: PlaneState) -> None:
    """Drop the results of calls that ended too long ago."""
    kept_s = float(state.settings.facts["function.spawn_result_kept_days"].value) * 86400
    oldest_s = time.time() - kept_s
    for call in list(state.calls.values()):
        if call.created_s < oldest_s and not call.unfinished:
            for item in call.inputs.values():
                state.inputs.pop(item.id, None)
            del state.calls[call.id]
            state.store.calls.delete(call.id)
