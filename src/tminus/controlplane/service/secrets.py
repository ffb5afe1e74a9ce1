"""Secrets: environment variables under a name. Their values are in a file that only its owner can read."""

from __future__ import annotations

from collections.abc import Mapping

from google.protobuf.empty_pb2 import Empty
from grpclib import GRPCError, Status
from modal_proto import api_pb2

from tminus.controlplane.model import Message, SecretRecord, new_id
from tminus.controlplane.redaction import secret_values
from tminus.controlplane.service.base import Caller, ServiceBase, found
from tminus.controlplane.service.named import CREATES
from tminus.controlplane.service.paging import newest_first


class Secrets(ServiceBase):
    """Named secrets, and those that a script makes itself."""

    async def SecretGetOrCreate(self, request: Message, caller: Caller) -> Message:
        """Find a secret, or make one."""
        name = request.deployment_name
        environment = self.environment(request.environment_name).name
        if not name:
            secret = self._add_secret("", dict(request.env_dict), environment)
        elif request.object_creation_type in CREATES:
            secret = self._create_secret(request, environment)
        else:
            secret = self._secret_named(name, environment) or self._missing_secret(
                name, list(request.required_keys), environment
            )
        missing = [key for key in request.required_keys if key not in secret.values]
        if missing:
            self.state.events.record("secret_missing", secret=name, keys=missing)
            keys = ", ".join(missing)
            raise GRPCError(Status.NOT_FOUND, f"Secret '{name}' is missing required key(s): {keys}")
        return api_pb2.SecretGetOrCreateResponse(secret_id=secret.id, metadata=_metadata(secret))

    async def SecretGetInfo(self, request: Message, caller: Caller) -> Message:
        """A secret by id, without values."""
        return api_pb2.SecretGetInfoResponse(metadata=_metadata(self._secret(request)))

    async def SecretList(self, request: Message, caller: Caller) -> Message:
        """Named secrets, without values."""
        environment = self.environment(request.environment_name).name
        for name in self.state.settings.secrets:
            self._secret_named(name, environment)
        response = api_pb2.SecretListResponse(environment_name=environment)
        named = [s for s in self.state.secrets.values() if s.name and s.environment == environment]
        for secret in newest_first(named, request.pagination):
            response.items.add(
                label=secret.name,
                created_at=secret.created_s,
                environment_name=environment,
                secret_id=secret.id,
                metadata=_metadata(secret),
            )
        return response

    async def SecretUpdate(self, request: Message, caller: Caller) -> Message:
        """Set variables of a secret; one without a value is removed."""
        secret = self._secret(request)
        for update in request.updates:
            if update.HasField("value"):
                secret.values[update.key] = update.value
            else:
                secret.values.pop(update.key, None)
        self._keep_secret(secret)
        return Empty()

    async def SecretDelete(self, request: Message, caller: Caller) -> Message:
        """Remove a secret; containers that have it keep it."""
        secret = self._secret(request)
        del self.state.secrets[secret.id]
        self.state.store.secrets.delete(secret.id)
        return Empty()

    def _secret(self, request: Message) -> SecretRecord:
        return found(self.state.secrets.get(request.secret_id), f"Secret {request.secret_id}")

    def _secret_named(self, name: str, environment: str) -> SecretRecord | None:
        for secret in self.state.secrets.values():
            if secret.name == name and secret.environment == environment:
                return secret
        given = self.state.settings.secrets.get(name)
        return self._add_secret(name, given, environment) if given is not None else None

    def _create_secret(self, request: Message, environment: str) -> SecretRecord:
        old = self._secret_named(request.deployment_name, environment)
        creation = request.object_creation_type
        if old is not None and creation == api_pb2.OBJECT_CREATION_TYPE_CREATE_FAIL_IF_EXISTS:
            raise GRPCError(Status.ALREADY_EXISTS, f"Secret '{request.deployment_name}' already exists")
        if old is not None and creation == api_pb2.OBJECT_CREATION_TYPE_CREATE_IF_MISSING:
            return old
        if old is not None:
            # Deployed functions know it by its id: the values change, the secret stays.
            old.values = dict(request.env_dict)
            self._keep_secret(old)
            return old
        secret = self._add_secret(request.deployment_name, dict(request.env_dict), environment)
        self._keep_secret(secret)
        return secret

    def _missing_secret(self, name: str, required_keys: list[str], environment: str) -> SecretRecord:
        if self.state.settings.stand_in_secrets:
            self.state.events.record("secret_stood_in", secret=name, keys=required_keys)
            values = {key: f"stand-in-for-{key}" for key in required_keys}
            secret = SecretRecord(new_id("st"), name, values, environment)
            self.state.secrets[secret.id] = secret
            return secret
        self.state.events.record("secret_missing", secret=name, keys=required_keys)
        raise GRPCError(Status.NOT_FOUND, f"Secret '{name}' not found in environment '{environment}'")

    def _add_secret(self, name: str, values: Mapping[str, str], environment: str) -> SecretRecord:
        secret = SecretRecord(new_id("st"), name, dict(values), environment)
        self.state.secrets[secret.id] = secret
        self.state.events.hide(secret_values(secret.values, named=bool(name)))
        return secret

    def _keep_secret(self, secret: SecretRecord) -> None:
        self.state.events.hide(secret_values(secret.values, named=True))
        self.state.store.secrets.save(secret)


def _metadata(secret: SecretRecord) -> Message:
    metadata = api_pb2.SecretMetadata(
        name=secret.name, keys=sorted(secret.values), environment_name=secret.environment
    )
    metadata.creation_info.created_at = secret.created_s
    return metadata
