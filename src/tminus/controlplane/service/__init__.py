"""Modal's service: one class a family of calls, one method a call, named as in Modal's definition."""

from __future__ import annotations

from tminus.controlplane.service.applogs import AppLogs
from tminus.controlplane.service.apps import Apps
from tminus.controlplane.service.billing import Billing
from tminus.controlplane.service.blobs import Blobs
from tminus.controlplane.service.callinfo import CallInfo
from tminus.controlplane.service.calls import Calls
from tminus.controlplane.service.clusters import Clusters
from tminus.controlplane.service.commands import Commands
from tminus.controlplane.service.containers import Containers
from tminus.controlplane.service.deployments import Deployments
from tminus.controlplane.service.dicts import Dicts
from tminus.controlplane.service.environments import Environments
from tminus.controlplane.service.functions import Functions
from tminus.controlplane.service.images import Images
from tminus.controlplane.service.mounts import Mounts
from tminus.controlplane.service.proxytokens import ProxyTokens
from tminus.controlplane.service.queues import Queues
from tminus.controlplane.service.secrets import Secrets
from tminus.controlplane.service.stats import Stats
from tminus.controlplane.service.tunnels import Tunnels
from tminus.controlplane.service.volumes import Volumes
from tminus.controlplane.service.workspace import Workspace


class Service(
    AppLogs,
    Apps,
    Billing,
    Blobs,
    CallInfo,
    Calls,
    Clusters,
    Commands,
    Containers,
    Deployments,
    Dicts,
    Environments,
    Functions,
    Images,
    Mounts,
    ProxyTokens,
    Queues,
    Secrets,
    Stats,
    Tunnels,
    Volumes,
    Workspace,
):
    """Every call that is served; what has no method here is answered UNIMPLEMENTED."""


__all__ = ["Service"]
