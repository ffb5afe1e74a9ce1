"""Apps: created by a client, published, followed by their logs, stopped."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2

from tminus.controlplane.launch import app_layout
from tminus.controlplane.logs import LogEntry
from tminus.controlplane.model import AppRecord, Message, new_id
from tminus.controlplane.service.base import Caller, ServiceBase, found

# The client asks with a timeout of 55 s and asks again.
LOG_POLL_S = 55.0


class Apps(ServiceBase):
    """What `modal run` and `modal deploy` ask about apps."""

    async def AppCreate(self, request: Message, caller: Caller) -> Message:
        """Make an app."""
        app = self._new_app(request.description, request.environment_name)
        app.detached = request.app_state == api_pb2.APP_STATE_DETACHED
        self.state.events.record(
            "app_created", app_id=app.id, description=app.description, detached=app.detached
        )
        return api_pb2.AppCreateResponse(app_id=app.id, app_page_url=_page(app))

    async def AppGetOrCreate(self, request: Message, caller: Caller) -> Message:
        """Find a deployed app by name, or make one."""
        app = self._deployed(request.app_name)
        if app is None:
            if request.object_creation_type != api_pb2.OBJECT_CREATION_TYPE_CREATE_IF_MISSING:
                found(app, f"App '{request.app_name}'")
            app = self._new_app(request.app_name, request.environment_name)
            app.name = request.app_name
        return api_pb2.AppGetOrCreateResponse(app_id=app.id)

    async def AppGetByDeploymentName(self, request: Message, caller: Caller) -> Message:
        """Id of a deployed app, or nothing."""
        app = self._deployed(request.name)
        return api_pb2.AppGetByDeploymentNameResponse(app_id=app.id if app else "")

    async def AppGetLayout(self, request: Message, caller: Caller) -> Message:
        """Objects of an app."""
        return api_pb2.AppGetLayoutResponse(app_layout=app_layout(self.state, self._app(request.app_id)))

    async def AppPublish(self, request: Message, caller: Caller) -> Message:
        """Say which functions and classes the app consists of; with a name this deploys it."""
        app = self._app(request.app_id)
        app.function_ids = dict(request.function_ids)
        app.class_ids = dict(request.class_ids)
        app.deployed_s = time.time()
        if request.app_state == api_pb2.APP_STATE_DEPLOYED:
            app.name = request.name
        return api_pb2.AppPublishResponse(url=_page(app), deployed_at=app.deployed_s)

    async def AppHeartbeat(self, request: Message, caller: Caller) -> Message:
        """The client is still there."""
        return Empty()

    async def AppClientDisconnect(self, request: Message, caller: Caller) -> Message:
        """The client leaves."""
        self.scheduler.client_left(self._app(request.app_id))
        return Empty()

    async def AppStop(self, request: Message, caller: Caller) -> Message:
        """Stop an app."""
        self.scheduler.stop_app(self._app(request.app_id))
        return Empty()

    async def AppList(self, request: Message, caller: Caller) -> Message:
        """List apps."""
        response = api_pb2.AppListResponse()
        for app in self.state.apps.values():
            response.apps.add(
                app_id=app.id,
                description=app.description,
                name=app.name,
                state=_state(app),
                created_at=app.created_s,
                n_running_tasks=sum(
                    len(f.containers) for f in self.state.functions.values() if f.app_id == app.id
                ),
            )
        return response

    async def AppGetLogs(self, request: Message, caller: Caller) -> AsyncIterator[Message]:
        """Follow the output of an app's containers, from where the client left off, to the app's end."""
        log = self._app(request.app_id).log
        position = int(request.last_entry_id or 0)
        deadline = time.monotonic() + min(request.timeout, LOG_POLL_S)
        while True:
            while position < len(log.entries):
                entry = log.entries[position]
                position += 1
                if not request.task_id or request.task_id == entry.task_id:
                    yield _batch(entry, position)
            if log.complete:
                yield api_pb2.TaskLogsBatch(app_done=True)
                return
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return
            await log.changed.wait(remaining)

    def _new_app(self, description: str, environment: str) -> AppRecord:
        app = AppRecord(new_id("ap"), description, environment, detached=False)
        self.state.apps[app.id] = app
        return app

    def _app(self, app_id: str) -> AppRecord:
        return found(self.state.apps.get(app_id), f"App {app_id}")

    def _deployed(self, name: str) -> AppRecord | None:
        apps = [a for a in self.state.apps.values() if a.name == name and not a.stopping]
        return apps[-1] if apps else None


def _page(app: AppRecord) -> str:
    return f"local://apps/{app.id}"


def _state(app: AppRecord) -> int:
    if app.stopping:
        state: int = api_pb2.APP_STATE_STOPPED if app.log.complete else api_pb2.APP_STATE_STOPPING
    elif app.name:
        state = api_pb2.APP_STATE_DEPLOYED
    else:
        state = api_pb2.APP_STATE_DETACHED if app.detached else api_pb2.APP_STATE_EPHEMERAL
    return state


def _batch(entry: LogEntry, position: int) -> Message:
    item = api_pb2.TaskLogs(
        data=entry.text, timestamp=entry.time_s, file_descriptor=entry.stream, container_id=entry.task_id
    )
    return api_pb2.TaskLogsBatch(
        task_id=entry.task_id, function_id=entry.function_id, entry_id=str(position), items=[item]
    )
