"""Proxy tokens of the workspace, as `modal workspace proxy-tokens` asks for them."""

from __future__ import annotations

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2

from tminus.controlplane.model import Message
from tminus.controlplane.service.base import Caller, ServiceBase, found
from tminus.controlplane.service.workspace import USER
from tminus.controlplane.store.proxytokens import ProxyToken


class ProxyTokens(ServiceBase):
    """Made, listed, renamed, removed. Each is good for every environment of the workspace."""

    async def WebhookTokenCreate(self, request: Message, caller: Caller) -> Message:
        """Make a token; its secret is told this once."""
        token, secret = self.state.store.proxy_tokens.create(request.name)
        self.state.events.hide([secret])
        return api_pb2.TokenCreateResponse(token_id=token.id, token_secret=secret)

    async def WebhookTokenList(self, request: Message, caller: Caller) -> Message:
        """All tokens, without their secrets."""
        tokens = self.state.store.proxy_tokens.all()
        return api_pb2.WebhookTokenListResponse(tokens=[_token(token) for token in tokens])

    async def WebhookTokenUpdate(self, request: Message, caller: Caller) -> Message:
        """Rename a token."""
        token = self.state.store.proxy_tokens.rename(request.token_id, request.name)
        return _token(found(token, f"Proxy token {request.token_id}"))

    async def WebhookTokenDelete(self, request: Message, caller: Caller) -> Message:
        """Remove a token: from now on it opens nothing."""
        removed = self.state.store.proxy_tokens.delete(request.token_id)
        found(removed or None, f"Proxy token {request.token_id}")
        return Empty()


def _token(token: ProxyToken) -> Message:
    return api_pb2.WebhookToken(
        token_id=token.id, created_at=token.created_s, name=token.name, created_by=USER
    )
