"""The workspace, and the first words between client and service."""

from __future__ import annotations

import base64
import json
import time

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2

from tminus.controlplane.model import Message
from tminus.controlplane.service.base import Caller, ServiceBase, of_container
from tminus.controlplane.service.environments import IMAGE_BUILDER_VERSION
from tminus.facts.rates import rate_names

WORKSPACE = "local"
AUTH_TOKEN_S = 3600
USER = api_pb2.UserIdentity(user_id="us-local", username=WORKSPACE)


class Workspace(ServiceBase):
    """ClientHello, names, the token."""

    async def ClientHello(self, request: Message, caller: Caller) -> Message:
        """Answer that all is well."""
        return api_pb2.ClientHelloResponse()

    async def WorkspaceNameLookup(self, request: Message, caller: Caller) -> Message:
        """Name the workspace."""
        return api_pb2.WorkspaceNameLookupResponse(workspace_name=WORKSPACE, username=WORKSPACE)

    async def WorkspaceSettings(self, request: Message, caller: Caller) -> Message:
        """The default environment and the image builder."""
        return api_pb2.WorkspaceSettingsResponse(
            default_environment_name=self.state.settings.environment_name,
            image_builder_version=IMAGE_BUILDER_VERSION,
        )

    async def TokenInfoGet(self, request: Message, caller: Caller) -> Message:
        """Whose token it is."""
        return api_pb2.TokenInfoGetResponse(
            token_id=caller.token_id,
            workspace_id="ac-local",
            workspace_name=WORKSPACE,
            user_identity=USER,
        )

    async def WorkspaceBillingRates(self, request: Message, caller: Caller) -> Message:
        """The documented prices, in US dollars an hour."""
        facts = self.state.settings.facts
        rates = {name: f"{facts[price].value * 3600:.4f}" for price, name in rate_names(facts).items()}
        lines = "\n".join(f"{name}: {rate}" for name, rate in sorted(rates.items()))
        return api_pb2.WorkspaceBillingRatesResponse(rates=rates, formatted=lines)

    async def AuthTokenGet(self, request: Message, caller: Caller) -> Message:
        """A token for an hour: the client reads one before some calls that are not served here."""
        claims = json.dumps({"exp": int(time.time()) + AUTH_TOKEN_S}).encode()
        parts = [b"{}", claims, b"{}"]
        token = ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
        return api_pb2.AuthTokenGetResponse(token=token)

    async def ContainerHello(self, request: Message, caller: Caller) -> Message:
        """A container says that it is there."""
        of_container(caller).greeted = True
        return Empty()
