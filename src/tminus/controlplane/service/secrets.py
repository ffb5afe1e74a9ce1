"""Secrets: environment variables under a name. Their values are kept in memory and written nowhere."""

from __future__ import annotations

from collections.abc import Mapping

from grpclib import GRPCError, Status
from modal_proto import api_pb2

from tminus.controlplane.model import Message, SecretRecord, new_id
from tminus.controlplane.service.base import Caller, ServiceBase

_CREATES = {
    api_pb2.OBJECT_CREATION_TYPE_CREATE_IF_MISSING,
    api_pb2.OBJECT_CREATION_TYPE_CREATE_FAIL_IF_EXISTS,
    api_pb2.OBJECT_CREATION_TYPE_CREATE_OVERWRITE_IF_EXISTS,
}


class Secrets(ServiceBase):
    """Named secrets, and those that a script makes itself."""

    async def SecretGetOrCreate(self, request: Message, caller: Caller) -> Message:
        """Find a secret, or make one."""
        name = request.deployment_name
        if not name:
            secret = self._keep("", dict(request.env_dict))
        elif request.object_creation_type in _CREATES:
            secret = self._create(request)
        else:
            secret = self._named(name) or self._missing(name, list(request.required_keys))
        missing = [key for key in request.required_keys if key not in secret.values]
        if missing:
            self.state.events.record("secret_missing", secret=name, keys=missing)
            keys = ", ".join(missing)
            raise GRPCError(Status.NOT_FOUND, f"Secret '{name}' is missing required key(s): {keys}")
        return api_pb2.SecretGetOrCreateResponse(secret_id=secret.id, metadata=_metadata(secret))

    async def SecretList(self, request: Message, caller: Caller) -> Message:
        """Named secrets, without values."""
        response = api_pb2.SecretListResponse(environment_name=self.state.settings.environment_name)
        for name in self.state.settings.secrets:
            self._named(name)
        for secret in self.state.secrets.values():
            if secret.name:
                response.items.add(
                    label=secret.name,
                    created_at=secret.created_s,
                    secret_id=secret.id,
                    metadata=_metadata(secret),
                )
        return response

    def _named(self, name: str) -> SecretRecord | None:
        known = next((s for s in self.state.secrets.values() if s.name == name), None)
        if known is None and name in self.state.settings.secrets:
            return self._keep(name, self.state.settings.secrets[name])
        return known

    def _create(self, request: Message) -> SecretRecord:
        old = self._named(request.deployment_name)
        creation = request.object_creation_type
        if old is not None and creation == api_pb2.OBJECT_CREATION_TYPE_CREATE_FAIL_IF_EXISTS:
            raise GRPCError(Status.ALREADY_EXISTS, f"Secret '{request.deployment_name}' already exists")
        if old is not None and creation == api_pb2.OBJECT_CREATION_TYPE_CREATE_IF_MISSING:
            return old
        if old is not None:
            del self.state.secrets[old.id]
        return self._keep(request.deployment_name, dict(request.env_dict))

    def _missing(self, name: str, required_keys: list[str]) -> SecretRecord:
        if self.state.settings.stand_in_secrets:
            self.state.events.record("secret_stood_in", secret=name, keys=required_keys)
            secret = SecretRecord(new_id("st"), name, {key: f"stand-in-for-{key}" for key in required_keys})
            self.state.secrets[secret.id] = secret
            return secret
        self.state.events.record("secret_missing", secret=name, keys=required_keys)
        environment = self.state.settings.environment_name
        raise GRPCError(Status.NOT_FOUND, f"Secret '{name}' not found in environment '{environment}'")

    def _keep(self, name: str, values: Mapping[str, str]) -> SecretRecord:
        secret = SecretRecord(new_id("st"), name, dict(values))
        self.state.secrets[secret.id] = secret
        if name:
            # `Secret.from_dict`, and `env=`, carry settings that are plain to read in the script itself.
            self.state.events.hide(values.values())
        return secret


def _metadata(secret: SecretRecord) -> Message:
    return api_pb2.SecretMetadata(name=secret.name, keys=sorted(secret.values))
