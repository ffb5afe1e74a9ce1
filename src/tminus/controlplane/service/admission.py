"""Whether a function may be created or an app deployed: what the platform refuses, what is not served."""

from __future__ import annotations

from collections.abc import Iterable

from grpclib import GRPCError, Status

from tminus.controlplane.launch import limits_of
from tminus.controlplane.limits import refusals
from tminus.controlplane.model import AppRecord, Message
from tminus.controlplane.sandbox import NOT_ENFORCED, ControlGroups
from tminus.controlplane.schedules import describe, refusal
from tminus.controlplane.state import PlaneState
from tminus.controlplane.web import needs_own_network, web_methods


def admit(state: PlaneState, definition: Message) -> None:
    """Let a function pass, and record which of its limits nothing enforces here.

    Raises:
        GRPCError: INVALID_ARGUMENT where it breaks a documented limit, FAILED_PRECONDITION where this machine
            does not give what it needs, UNIMPLEMENTED where it needs what is not served.
    """
    settings, name = state.settings, definition.function_name
    reasons = list(refusals(definition, settings.facts, settings.plan))
    if definition.HasField("schedule") and (reason := refusal(definition.schedule)):
        reasons.append(reason)
    reasons += [
        f"sub_path={mount.sub_path!r} leads out of the volume"
        for mount in definition.volume_mounts
        if ".." in mount.sub_path.split("/")
    ]
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
    unserved = _unserved(definition)
    if unserved:
        state.events.record("call_unserved", call=unserved, function=name)
        raise GRPCError(Status.UNIMPLEMENTED, f"the local control plane does not serve {unserved}")


def admit_deployment(state: PlaneState, app: AppRecord, function_ids: Iterable[str]) -> None:
    """Let an app be deployed, and record what of it is scheduled.

    Raises:
        GRPCError: RESOURCE_EXHAUSTED where the plan has no room for its schedules or web functions.
    """
    facts, plan = state.settings.facts, state.settings.plan
    new = [app.staged.get(i) or state.functions[i] for i in function_ids]
    others = [
        function
        for other in state.apps.values()
        if other is not app and other.name and not other.stopping
        for function in (state.functions[i] for i in other.function_ids.values())
    ]
    definitions = [f.definition for f in [*new, *others] if f.definition is not None]
    counts = {
        "crons": sum(d.HasField("schedule") for d in definitions),
        "web_functions": sum(len(web_methods(d)) for d in definitions),
    }
    for name, count in counts.items():
        limit = next((fact for fact in facts if fact.id == f"plan.{plan.name.lower()}.{name}"), None)
        if limit is not None and count > limit.value:
            raise GRPCError(
                Status.RESOURCE_EXHAUSTED,
                f"{count} {limit.unit} would be deployed; the {plan.name} plan has room for {limit.value} "
                f"({limit.citation()})",
            )
    for function in new:
        if function.definition is not None and function.definition.HasField("schedule"):
            state.events.record(
                "schedule_registered",
                app_id=app.id,
                function=function.name,
                schedule=describe(function.definition.schedule),
                followed=False,
            )


def _needs_network(definition: Message) -> str:
    if definition._experimental_group_size:
        return "a cluster"
    return "a web server" if needs_own_network(definition) else ""


def _unserved(definition: Message) -> str:
    methods = web_methods(definition)
    if definition.is_server:
        return "modal.Server: its requests go through the platform's own router"
    if any(config.custom_domains for config in methods.values()):
        return "custom domains: nothing here listens outside loopback"
    if methods and definition.class_parameter_info.schema:
        return "web methods of a class with parameters"
    return ""
