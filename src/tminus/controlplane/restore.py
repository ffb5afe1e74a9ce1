"""Bringing back what an earlier control plane left in a state folder."""

from __future__ import annotations

import time

from modal_proto import api_pb2

from tminus.controlplane.model import EnvironmentRecord, FunctionRecord, new_id
from tminus.controlplane.redaction import secret_values
from tminus.controlplane.state import PlaneState
from tminus.controlplane.store.calls import StoredFunction
from tminus.controlplane.variants import binding_key, rebind

# The client looks back for an app's output no further (modal 1.6.4, modal/_logs.py).
STOPPED_APPS_KEPT_S = 30 * 24 * 3600.0


def restore(state: PlaneState) -> None:
    """Load the records of a store into memory.

    Apps that were deployed go on, with what was spawned of them. Others ended with their control plane.
    """
    store = state.store
    now = time.time()
    store.apps.forget(now - STOPPED_APPS_KEPT_S)
    for environment in store.environments.all():
        state.environments[environment.name] = environment
    default = state.settings.environment_name
    if default not in state.environments:
        state.environments[default] = EnvironmentRecord(new_id("en"), default)
        store.environments.save(state.environments[default])
    state.images.update({image.id: image for image in store.images.images()})
    state.mounts.update({mount.id: mount for mount in store.images.mounts()})
    for app in store.apps.all():
        state.apps[app.id] = app
        if not app.stopping and not app.name:
            app.stopped_s = now
            store.apps.stop(app)
        if app.stopping:
            app.log.finish()
        else:
            state.classes.update(dict.fromkeys(app.class_ids.values(), app.id))
    state.functions.update({function.id: function for function in store.apps.functions()})
    for call in store.calls.restore(lambda function: _bring_back(state, function)):
        state.calls[call.id] = call
        state.inputs.update({item.id: item for item in call.inputs.values()})
    of_calls = {secret_id for f in state.functions.values() for secret_id in f.definition.secret_ids}
    store.secrets.sweep(store.apps.secret_ids() | of_calls)
    for secret in store.secrets.all():
        state.secrets[secret.id] = secret
        state.events.hide(secret_values(secret.values, named=bool(secret.name)))


def _bring_back(state: PlaneState, stored: StoredFunction) -> bool:
    """Find the function of a kept call, or bind a variant of it anew; False where its app stopped."""
    if stored.id in state.functions:
        return True
    base = state.functions.get(stored.base_id)
    if base is None:
        return False
    request = api_pb2.FunctionBindParamsRequest.FromString(stored.binding)
    variant = FunctionRecord(stored.id, base.app_id, None, binding=request)
    rebind(base, variant)
    state.functions[variant.id] = variant
    base.bound[binding_key(request)] = variant.id
    return True
