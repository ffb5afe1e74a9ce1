"""Deployments of apps: published, listed, brought back, renewed."""

from __future__ import annotations

import time

from grpclib import GRPCError, Status
from modal_proto import api_pb2

from tminus.controlplane.model import AppRecord, Deployment, Message
from tminus.controlplane.service.admission import admit_deployment
from tminus.controlplane.service.apps import page_of
from tminus.controlplane.service.base import Caller, ServiceBase, found
from tminus.controlplane.web import write_urls


class Deployments(ServiceBase):
    """What `modal deploy`, `modal app history`, `rollback` and `rollover` ask."""

    async def AppPublish(self, request: Message, caller: Caller) -> Message:
        """Say which functions and classes the app consists of; with a name this deploys it."""
        app = self.app(request.app_id)
        deploys = request.app_state == api_pb2.APP_STATE_DEPLOYED
        if deploys:
            admit_deployment(self.state, app, request.function_ids.values())
        app.function_ids = dict(request.function_ids)
        app.class_ids = dict(request.class_ids)
        app.deployed_s = time.time()
        if request.tags:
            app.tags = dict(request.tags)
        if deploys:
            app.name = request.name
        self.scheduler.apps.publish(app)
        if app.name:
            self._keep_deployment(app, request.client_version, request.deployment_tag)
        else:
            self.state.store.apps.save(app)
        return api_pb2.AppPublishResponse(url=page_of(app), deployed_at=app.deployed_s)

    async def AppRollover(self, request: Message, caller: Caller) -> Message:
        """Give an app new containers of the same version."""
        app = self.app(request.app_id)
        app.deployed_s = time.time()
        self.scheduler.apps.renew(app)
        newest = self._newest(app)
        self._keep_deployment(app, newest.client_version, newest.tag)
        return api_pb2.AppRolloverResponse(url=page_of(app), deployed_at=app.deployed_s)

    async def AppRollback(self, request: Message, caller: Caller) -> Message:
        """Deploy an earlier version again, under a new number; a negative version counts from the newest."""
        app = self.app(request.app_id)
        version = request.version if request.version > 0 else app.version + request.version
        deployment = next(
            (d for d in self.state.store.apps.deployments(app.id) if d.version == version), None
        )
        deployment = found(deployment, f"Version {version} of App '{app.name}'")
        functions = self.state.store.apps.functions_of(app.id, version)
        if {f.id for f in functions} != set(deployment.function_ids.values()):
            raise GRPCError(
                Status.FAILED_PRECONDITION,
                f"of version {version} of App '{app.name}' the functions are not kept",
            )
        for function in functions:
            known = self.state.functions.setdefault(function.id, function)
            urls = await self.scheduler.web.open(known, function.definition)
            write_urls(function.metadata, function.definition, urls)
            app.staged[function.id] = function
        app.function_ids, app.class_ids = dict(deployment.function_ids), dict(deployment.class_ids)
        app.deployed_s = time.time()
        self.scheduler.apps.publish(app)
        self._keep_deployment(app, deployment.client_version, deployment.tag, rollback_version=version)
        return api_pb2.AppRollbackResponse(url=page_of(app), deployed_at=app.deployed_s)

    async def AppDeploymentHistory(self, request: Message, caller: Caller) -> Message:
        """Deployments of an app."""
        app = self.app(request.app_id)
        response = api_pb2.AppDeploymentHistoryResponse(production_app_version=app.version)
        for deployment in self.state.store.apps.deployments(app.id):
            response.app_deployment_histories.add(
                app_id=app.id,
                version=deployment.version,
                client_version=deployment.client_version,
                deployed_at=deployment.deployed_s,
                deployed_by="local",
                tag=deployment.tag,
                rollback_version=deployment.rollback_version,
                rollback_allowed=deployment.version != app.version and not app.stopping,
            )
        return response

    def _newest(self, app: AppRecord) -> Deployment:
        return found(next(iter(self.state.store.apps.deployments(app.id)), None), f"Deployment of {app.name}")

    def _keep_deployment(
        self, app: AppRecord, client_version: str, tag: str, rollback_version: int = 0
    ) -> None:
        app.version += 1
        ids = set(app.function_ids.values())
        functions = [f for f in self.state.functions.values() if f.id in ids]
        for function in functions:
            self.keep_own_secrets(function)
        deployment = Deployment(
            app.version,
            app.deployed_s,
            client_version,
            tag,
            dict(app.function_ids),
            dict(app.class_ids),
            rollback_version,
        )
        self.state.store.apps.deploy(app, functions, deployment)
        self.state.events.record("app_deployed", app_id=app.id, name=app.name, version=app.version)
