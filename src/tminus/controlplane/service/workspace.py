"""The workspace, its one environment, and the first words between client and service."""

from __future__ import annotations

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2

from tminus.controlplane.model import Message
from tminus.controlplane.service.base import Caller, ServiceBase, of_container

# The newest image builder that every supported client knows (modal 1.6.4, modal/builder).
IMAGE_BUILDER_VERSION = "2025.06"
WORKSPACE = "local"


class Workspace(ServiceBase):
    """ClientHello, environments, names."""

    async def ClientHello(self, request: Message, caller: Caller) -> Message:
        """Answer that all is well."""
        return api_pb2.ClientHelloResponse()

    async def WorkspaceNameLookup(self, request: Message, caller: Caller) -> Message:
        """Name the workspace."""
        return api_pb2.WorkspaceNameLookupResponse(workspace_name=WORKSPACE, username=WORKSPACE)

    async def EnvironmentGetOrCreate(self, request: Message, caller: Caller) -> Message:
        """Give the environment, whatever it is called: there is one."""
        name = request.deployment_name or self.state.settings.environment_name
        return api_pb2.EnvironmentGetOrCreateResponse(environment_id="en-local", metadata=_environment(name))

    async def EnvironmentList(self, request: Message, caller: Caller) -> Message:
        """List the one environment."""
        item = api_pb2.EnvironmentListItem(name=self.state.settings.environment_name, default=True)
        return api_pb2.EnvironmentListResponse(items=[item])

    async def AuthTokenGet(self, request: Message, caller: Caller) -> Message:
        """No token: the input plane that it is for is never offered."""
        return api_pb2.AuthTokenGetResponse()

    async def ContainerHello(self, request: Message, caller: Caller) -> Message:
        """A container says that it is there."""
        of_container(caller).greeted = True
        return Empty()


def _environment(name: str) -> Message:
    settings = api_pb2.EnvironmentSettings(image_builder_version=IMAGE_BUILDER_VERSION)
    return api_pb2.EnvironmentMetadata(name=name, settings=settings)
