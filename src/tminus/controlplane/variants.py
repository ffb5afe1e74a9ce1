"""Variants of a function: bound to parameters of its class, or to other options."""

from __future__ import annotations

import hashlib

from modal_proto import api_pb2

from tminus.controlplane.model import FunctionRecord, Message, new_id


def binding_key(request: Message) -> bytes:
    """What tells one binding of a function from another."""
    return hashlib.sha256(request.SerializeToString(deterministic=True)).digest()


def bind(base: FunctionRecord, request: Message) -> FunctionRecord:
    """A variant of a function, as a `FunctionBindParams` request asks for it."""
    variant = FunctionRecord(new_id("fu"), base.app_id, None, binding=request)
    rebind(base, variant)
    return variant


def rebind(base: FunctionRecord, variant: FunctionRecord) -> None:
    """Derive a variant from its base anew, as after a deployment."""
    variant.definition = api_pb2.Function()
    variant.definition.CopyFrom(base.definition)
    if variant.binding.HasField("function_options"):
        _apply_options(variant.definition, variant.binding.function_options)
    variant.metadata = api_pb2.FunctionHandleMetadata()
    variant.metadata.CopyFrom(base.metadata)
    variant.metadata.base_function_id = base.id


def _apply_options(definition: Message, options: Message) -> None:
    """Apply `with_options` to a definition, in place."""
    if options.replace_secret_ids:
        del definition.secret_ids[:]
    definition.secret_ids.extend(options.secret_ids)
    definition.mount_ids.extend(options.mount_ids)
    if options.replace_volume_mounts:
        del definition.volume_mounts[:]
    definition.volume_mounts.extend(options.volume_mounts)
    if options.HasField("resources"):
        definition.resources.MergeFrom(options.resources)
    if options.HasField("retry_policy"):
        definition.retry_policy.CopyFrom(options.retry_policy)
    if options.HasField("buffer_containers"):
        definition.autoscaler_settings.buffer_containers = options.buffer_containers
    if options.HasField("concurrency_limit"):
        definition.autoscaler_settings.max_containers = options.concurrency_limit
    for name in (
        "concurrency_limit",
        "timeout_secs",
        "task_idle_timeout_secs",
        "warm_pool_size",
        "max_concurrent_inputs",
        "target_concurrent_inputs",
        "batch_max_size",
        "batch_linger_ms",
    ):
        if options.HasField(name):
            setattr(definition, name, getattr(options, name))
