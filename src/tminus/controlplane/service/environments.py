"""Environments: made, listed, changed, removed with all that is in them."""

from __future__ import annotations

import asyncio

from google.protobuf.empty_pb2 import Empty
from grpclib import GRPCError, Status
from modal_proto import api_pb2

from tminus.controlplane.model import EnvironmentRecord, Message
from tminus.controlplane.service.base import Caller, ServiceBase, found

# The newest image builder that every supported client knows (modal 1.6.4, modal/builder).
IMAGE_BUILDER_VERSION = "2025.06"


class Environments(ServiceBase):
    """Environments of the one workspace."""

    async def EnvironmentGetOrCreate(self, request: Message, caller: Caller) -> Message:
        """Find an environment, or make one where that is asked for."""
        name = request.deployment_name
        creates = request.object_creation_type == api_pb2.OBJECT_CREATION_TYPE_CREATE_IF_MISSING
        if creates and name and name not in self.state.environments:
            environment = self.add_environment(name)
        else:
            environment = self.environment(name)
        return api_pb2.EnvironmentGetOrCreateResponse(
            environment_id=environment.id, metadata=_metadata(environment)
        )

    async def EnvironmentList(self, request: Message, caller: Caller) -> Message:
        """List all environments."""
        response = api_pb2.EnvironmentListResponse()
        default = self.state.settings.environment_name
        for environment in self.state.environments.values():
            response.items.add(
                name=environment.name,
                webhook_suffix=environment.web_suffix,
                created_at=environment.created_s,
                default=environment.name == default,
                environment_id=environment.id,
                image_builder_version=environment.image_builder_version or None,
            )
        return response

    async def EnvironmentCreate(self, request: Message, caller: Caller) -> Message:
        """Make an environment. Roles are for workspaces with several members: here is one."""
        self._refuse_taken(request.name)
        self.add_environment(request.name)
        return Empty()

    async def EnvironmentUpdate(self, request: Message, caller: Caller) -> Message:
        """Rename an environment, or change its settings."""
        environment = self._environment_named(request.current_name)
        if request.HasField("web_suffix"):
            environment.web_suffix = request.web_suffix.value
        if request.HasField("image_builder_version"):
            environment.image_builder_version = request.image_builder_version
        self.state.store.environments.save(environment)
        if request.HasField("name") and request.name.value != environment.name:
            self._refuse_default(environment, "renamed")
            self._refuse_taken(request.name.value)
            self._rename_environment(environment, request.name.value)
        return api_pb2.EnvironmentListItem(
            name=environment.name, webhook_suffix=environment.web_suffix, environment_id=environment.id
        )

    async def EnvironmentDelete(self, request: Message, caller: Caller) -> Message:
        """Stop the apps of an environment, and remove it with all objects in it."""
        environment = self._environment_named(request.name)
        self._refuse_default(environment, "deleted")
        for app in self.state.apps.values():
            if app.environment == environment.name:
                self.scheduler.apps.stop(app)
        for secret in [s for s in self.state.secrets.values() if s.environment == environment.name]:
            del self.state.secrets[secret.id]
            self.state.store.secrets.delete(secret.id)
        for volume in self.state.volumes:
            if volume.environment == environment.name:
                await asyncio.to_thread(self.state.volumes.delete, volume)
        for store in (self.state.store.dicts, self.state.store.queues):
            for record in store.named(environment.name):
                store.delete(record.id)
        del self.state.environments[environment.name]
        self.state.store.environments.delete(environment)
        return Empty()

    def _rename_environment(self, environment: EnvironmentRecord, name: str) -> None:
        old = environment.name
        self.state.store.environments.rename(old, name)
        owned = [*self.state.apps.values(), *self.state.secrets.values(), *self.state.volumes]
        for record in owned:
            if record.environment == old:
                record.environment = name
        environment.name = name
        self.state.environments[name] = self.state.environments.pop(old)

    def _environment_named(self, name: str) -> EnvironmentRecord:
        return found(self.state.environments.get(name), f"Environment '{name}'")

    def _refuse_taken(self, name: str) -> None:
        if name in self.state.environments:
            raise GRPCError(Status.ALREADY_EXISTS, f"Environment '{name}' already exists")

    def _refuse_default(self, environment: EnvironmentRecord, what: str) -> None:
        if environment.name == self.state.settings.environment_name:
            raise GRPCError(
                Status.FAILED_PRECONDITION,
                f"'{environment.name}' is this control plane's default environment and cannot be {what}",
            )


def _metadata(environment: EnvironmentRecord) -> Message:
    settings = api_pb2.EnvironmentSettings(
        image_builder_version=environment.image_builder_version or IMAGE_BUILDER_VERSION,
        webhook_suffix=environment.web_suffix,
    )
    return api_pb2.EnvironmentMetadata(name=environment.name, settings=settings)
