"""The control plane as a service in the background, for the user's own `modal` commands."""

from tminus.controlplane.local.folder import LocalFolder, ServiceRecord
from tminus.controlplane.local.health import Health, ask
from tminus.controlplane.local.process import LocalServiceError, start, stop
from tminus.controlplane.local.serve import LocalSettings, serve

__all__ = [
    "Health",
    "LocalFolder",
    "LocalServiceError",
    "LocalSettings",
    "ServiceRecord",
    "ask",
    "serve",
    "start",
    "stop",
]
