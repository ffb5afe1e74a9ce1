"""Whether a function may be created here: what the platform refuses, and what this machine cannot show."""

from __future__ import annotations

from grpclib import GRPCError, Status

from tminus.controlplane.launch import limits_of
from tminus.controlplane.limits import refusals
from tminus.controlplane.model import Message
from tminus.controlplane.sandbox import NOT_ENFORCED, ControlGroups
from tminus.controlplane.state import PlaneState
from tminus.controlplane.web import needs_own_network


def admit(state: PlaneState, definition: Message) -> None:
    """Let a function pass, and record which of its limits nothing enforces here.

    Raises:
        GRPCError: INVALID_ARGUMENT where it breaks a documented limit, FAILED_PRECONDITION where this machine
            does not give what it needs, UNIMPLEMENTED where it needs what is not served.
    """
    settings, name = state.settings, definition.function_name
    reasons = list(refusals(definition, settings.facts, settings.plan))
    if reasons:
        state.events.record("function_refused", function=name, reasons=reasons)
        raise GRPCError(Status.INVALID_ARGUMENT, f"Function {name}: {'; '.join(reasons)}")
    network_for = _needs_network(definition)
    if network_for and not settings.isolation.cluster_network:
        text = "; ".join(settings.isolation.not_shown)
        raise GRPCError(
            Status.FAILED_PRECONDITION, f"{network_for} cannot be rehearsed on this machine: {text}"
        )
    if limits_of(definition) and ControlGroups.detect() is None:
        state.events.record("limit_not_enforced", function=name, what=NOT_ENFORCED)
    for what in _unserved(definition):
        state.events.record("call_unserved", call=what, function=name)
        raise GRPCError(Status.UNIMPLEMENTED, f"the local control plane does not serve {what}")


def _needs_network(definition: Message) -> str:
    if definition._experimental_group_size:
        return "a cluster"
    return "a web server" if needs_own_network(definition) else ""


def _unserved(definition: Message) -> list[str]:
    found = [
        f"sub_path={mount.sub_path!r} of a mounted volume"
        for mount in definition.volume_mounts
        if mount.sub_path
    ]
    if definition.is_server:
        found.append("modal.Server: its requests go through the platform's own router")
    return found
