"""Apps: created by a client, published, looked up, stopped."""

from __future__ import annotations

import difflib

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2

from tminus.controlplane.launch import app_layout
from tminus.controlplane.model import AppRecord, Enum, Message, new_id
from tminus.controlplane.service.base import Caller, ServiceBase, found


class Apps(ServiceBase):
    """What `modal run`, `modal deploy` and `modal app` ask about apps."""

    async def AppCreate(self, request: Message, caller: Caller) -> Message:
        """Make an app."""
        app = self._new_app(request.description, request.environment_name)
        app.detached = request.app_state == api_pb2.APP_STATE_DETACHED
        app.tags = dict(request.tags)
        self.state.store.apps.save(app)
        self.state.events.record(
            "app_created", app_id=app.id, description=app.description, detached=app.detached
        )
        return api_pb2.AppCreateResponse(app_id=app.id, app_page_url=page_of(app))

    async def AppGetOrCreate(self, request: Message, caller: Caller) -> Message:
        """Find a deployed app by name, or make one."""
        app = self.deployed_app(request.app_name, request.environment_name)
        if app is None:
            if request.object_creation_type != api_pb2.OBJECT_CREATION_TYPE_CREATE_IF_MISSING:
                found(app, f"App '{request.app_name}'")
            app = self._new_app(request.app_name, request.environment_name)
            app.name = request.app_name
            self.state.store.apps.save(app)
        return api_pb2.AppGetOrCreateResponse(app_id=app.id, handle_metadata=_metadata(app))

    async def AppGetByDeploymentName(self, request: Message, caller: Caller) -> Message:
        """Id of a deployed app, or of the last one of that name that stopped, or nothing."""
        environment = self.environment(request.environment_name).name
        response = api_pb2.AppGetByDeploymentNameResponse(environment_name=environment)
        app = self.deployed_app(request.name, environment)
        if app is not None:
            response.app_id = app.id
        else:
            stopped = [
                a
                for a in self.state.apps.values()
                if a.name == request.name and a.environment == environment and a.stopping
            ]
            app = max(stopped, key=lambda a: a.stopped_s, default=None)
            response.previous_app_id = app.id if app is not None else ""
        if app is not None:
            response.lifecycle.CopyFrom(_lifecycle(app))
        return response

    async def AppGetLifecycle(self, request: Message, caller: Caller) -> Message:
        """Where an app is in its life."""
        return api_pb2.AppGetLifecycleResponse(lifecycle=_lifecycle(self.app(request.app_id)))

    async def AppGetLayout(self, request: Message, caller: Caller) -> Message:
        """Objects of an app."""
        return api_pb2.AppGetLayoutResponse(app_layout=app_layout(self.state, self.app(request.app_id)))

    async def AppGetInfo(self, request: Message, caller: Caller) -> Message:
        """An app with its functions."""
        app = self.app(request.app_id)
        response = api_pb2.AppGetInfoResponse(info=_metadata(app))
        for function_id in app.function_ids.values():
            definition = self.function(function_id).definition
            summary = response.function_info_summaries[function_id]
            if definition.resources.gpu_config.gpu_type:
                summary.gpu_config.add().CopyFrom(definition.resources.gpu_config)
            if definition.HasField("schedule"):
                summary.schedule.CopyFrom(definition.schedule)
        return response

    async def ObjectSuggest(self, request: Message, caller: Caller) -> Message:
        """Names near one that was not found."""
        environment = self.environment(request.environment_name).name
        apps = [a for a in self.state.apps.values() if a.name and a.environment == environment]
        response = api_pb2.ObjectSuggestResponse()
        if request.kind == api_pb2.ObjectSuggestRequest.OBJECT_SUGGEST_KIND_APP:
            names = {app.name: ("", app.name) for app in apps}
        else:
            names = {f"{a.name}/{name}": (a.name, name) for a in apps for name in a.function_ids}
        for near in difflib.get_close_matches(request.query, names, n=request.limit or 3):
            response.suggestions.add(app_name=names[near][0], object_name=names[near][1])
        return response

    async def AppSetTags(self, request: Message, caller: Caller) -> Message:
        """Change an app's tags."""
        app = self.app(request.app_id)
        app.tags = dict(request.tags)
        self.state.store.apps.save(app)
        return Empty()

    async def AppGetTags(self, request: Message, caller: Caller) -> Message:
        """An app's tags."""
        return api_pb2.AppGetTagsResponse(tags=self.app(request.app_id).tags)

    async def AppHeartbeat(self, request: Message, caller: Caller) -> Message:
        """The client is still there."""
        self.scheduler.apps.heard_of(self.app(request.app_id))
        return Empty()

    async def AppClientDisconnect(self, request: Message, caller: Caller) -> Message:
        """The client leaves."""
        self.scheduler.apps.client_left(self.app(request.app_id))
        return Empty()

    async def AppStop(self, request: Message, caller: Caller) -> Message:
        """Stop an app."""
        self.scheduler.apps.stop(self.app(request.app_id))
        return Empty()

    async def AppList(self, request: Message, caller: Caller) -> Message:
        """Apps of an environment, stopped ones among them."""
        environment = self.environment(request.environment_name).name
        response = api_pb2.AppListResponse()
        for app in self.state.apps.values():
            if app.environment != environment:
                continue
            response.apps.add(
                app_id=app.id,
                description=app.description,
                name=app.name,
                state=_state(app),
                created_at=app.created_s,
                stopped_at=app.stopped_s,
                n_running_tasks=sum(
                    len(f.containers) for f in self.state.functions.values() if f.app_id == app.id
                ),
            )
        return response

    def _new_app(self, description: str, environment: str) -> AppRecord:
        app = AppRecord(new_id("ap"), description, self.environment(environment).name, detached=False)
        self.state.apps[app.id] = app
        return app


def page_of(app: AppRecord) -> str:
    """Address of an app's page; there is none to be looked at here."""
    return f"local://apps/{app.id}"


def _state(app: AppRecord) -> Enum:
    if app.stopping:
        return api_pb2.APP_STATE_STOPPED if app.log.complete else api_pb2.APP_STATE_STOPPING
    if app.name:
        return api_pb2.APP_STATE_DEPLOYED
    return api_pb2.APP_STATE_DETACHED if app.detached else api_pb2.APP_STATE_EPHEMERAL


def _metadata(app: AppRecord) -> Message:
    return api_pb2.AppHandleMetadata(
        description=app.description,
        app_id=app.id,
        environment_name=app.environment,
        lifecycle=_lifecycle(app),
        functions=app.function_ids,
    )


def _lifecycle(app: AppRecord) -> Message:
    return api_pb2.AppLifecycle(
        app_state=_state(app),
        created_at=app.created_s,
        deployed_at=app.deployed_s if app.name else 0.0,
        version=app.version,
        stopped_at=app.stopped_s,
    )
