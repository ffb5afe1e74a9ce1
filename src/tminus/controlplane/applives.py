"""The lives of apps: published, left by their client, finished, stopped."""

from __future__ import annotations

import time
from collections.abc import Callable

from tminus.controlplane.containers import Interruption
from tminus.controlplane.model import AppRecord, FunctionRecord
from tminus.controlplane.outcomes import Outcomes
from tminus.controlplane.results import terminated
from tminus.controlplane.state import PlaneState
from tminus.controlplane.stopping import Stopper
from tminus.controlplane.timers import Timers
from tminus.controlplane.variants import rebind

# The client lets itself be heard of every 15 s (modal 1.6.4, modal/client.py).
HEARTBEAT_S = 15.0


class AppLives:
    """What the steps in an app's life mean for its functions and containers.

    Args:
        state: Where the records are.
        stopper: What ends containers.
        outcomes: What becomes of inputs.
        timers: Where delays run.
        kick: Looks again at a function whose containers changed.
        on_stopped: Told of every app that stops.
    """

    def __init__(
        self,
        state: PlaneState,
        stopper: Stopper,
        outcomes: Outcomes,
        timers: Timers,
        kick: Callable[[FunctionRecord], None],
        on_stopped: Callable[[AppRecord], None],
    ) -> None:
        self._state = state
        self._stopper = stopper
        self._outcomes = outcomes
        self._kick = kick
        self._on_stopped = on_stopped
        self._heard_s: dict[str, float] = {}
        timers.every(HEARTBEAT_S, self._look_for_lost_clients)

    def publish(self, app: AppRecord) -> None:
        """Put the functions of an app's new deployment in place of those before; old containers finish."""
        staged, app.staged = app.staged, {}
        for function_id, new in staged.items():
            if new.definition is None:
                continue
            function = self._state.functions[function_id]
            function.metadata, function.definition = new.metadata, new.definition
            function.failed_starts = 0
            for variant_id in function.bound.values():
                rebind(function, self._state.functions[variant_id])
        self._state.classes.update(dict.fromkeys(app.class_ids.values(), app.id))
        if staged:
            self.renew(app)
        else:
            for function in self._functions(app):
                self._kick(function)

    def renew(self, app: AppRecord) -> None:
        """Let an app's containers finish what they work on; new ones take the inputs that follow."""
        for function in self._functions(app):
            for container in function.containers:
                container.stop_taking()
            self._kick(function)

    def stop(self, app: AppRecord) -> None:
        """Stop an app: nothing new starts, what runs is interrupted."""
        if app.stopping:
            return
        app.stopped_s = time.time()
        self._state.store.apps.stop(app)
        self._heard_s.pop(app.id, None)
        self._on_stopped(app)
        for function in self._functions(app):
            while function.queue:
                item = function.queue.popleft()
                self._outcomes.publish(item, terminated(item))
            for container in list(function.containers):
                self._stopper.stop(container, Interruption.APP_STOPPED)
        self.finish_log(app)

    def heard_of(self, app: AppRecord) -> None:
        """The client of an app is still there."""
        if not app.stopping:
            self._heard_s[app.id] = time.monotonic()

    def client_left(self, app: AppRecord) -> None:
        """The client of an app went away: an ephemeral app stops, a detached one finishes its work first."""
        app.client_gone = True
        self._heard_s.pop(app.id, None)
        if not app.detached and not app.name:
            self.stop(app)
        else:
            self.finish_detached(app)

    def _look_for_lost_clients(self) -> None:
        """Take a client as gone that was not heard of for as long as the platform waits for a caller."""
        limit_s = self._state.settings.facts["function.sync_cancelled_after_s"].value
        now = time.monotonic()
        for app_id in [app_id for app_id, heard_s in self._heard_s.items() if now - heard_s > limit_s]:
            self._state.events.record("client_lost", app_id=app_id)
            self.client_left(self._state.apps[app_id])

    def finish_detached(self, app: AppRecord) -> None:
        """Stop an app whose client left it to its work, once that is done."""
        if not app.client_gone or app.name or app.stopping:
            return
        ids = {function.id for function in self._functions(app)}
        if not any(call.unfinished for call in self._state.calls.values() if call.function_id in ids):
            self.stop(app)

    def finish_log(self, app: AppRecord) -> None:
        """Say that an app's output is complete, once it has stopped and its containers are gone."""
        if app.stopping and not any(function.containers for function in self._functions(app)):
            app.log.finish()

    def _functions(self, app: AppRecord) -> list[FunctionRecord]:
        return [f for f in self._state.functions.values() if f.app_id == app.id and f.definition is not None]
