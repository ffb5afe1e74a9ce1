"""What the containers here would have been billed: their requests, by the documented prices."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator

from grpclib import GRPCError, Status
from modal_proto import api_pb2

from tminus.controlplane.containers import Container
from tminus.controlplane.model import Message
from tminus.controlplane.service.base import Caller, ServiceBase
from tminus.facts import Facts

_INTERVALS_S = {"h": 3600, "d": 86400}


class Billing(ServiceBase):
    """What `modal billing report` asks. Containers of an earlier run of the service are not in it."""

    async def WorkspaceBillingReport(self, request: Message, caller: Caller) -> AsyncIterator[Message]:
        """Cost by app and interval of what was requested; use above that is billed, too, but not measured."""
        size = _INTERVALS_S.get(request.resolution)
        if size is None:
            raise GRPCError(Status.INVALID_ARGUMENT, f"resolution is d or h, not {request.resolution!r}")
        start = request.start_timestamp.seconds // size * size
        end = request.end_timestamp.seconds // size * size
        cost: defaultdict[tuple[str, int], defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
        for container in self.state.containers.values():
            rates = dict(_rates(container, self.state.settings.facts))
            for interval, seconds in _intervals(container, size):
                if start <= interval < end:
                    for resource, usd_per_s in rates.items():
                        cost[container.function.app_id, interval][resource] += seconds * usd_per_s
        for (app_id, interval), by_resource in sorted(cost.items()):
            app = self.state.apps[app_id]
            item = api_pb2.WorkspaceBillingReportItem(
                object_id=app_id,
                description=app.description,
                environment_name=app.environment,
                cost=f"{sum(by_resource.values()):.8f}",
            )
            item.interval.seconds = interval
            for resource, usd in by_resource.items():
                item.cost_by_resource[resource] = f"{usd:.8f}"
            yield item


def _intervals(container: Container, size: int) -> Iterator[tuple[int, float]]:
    """The intervals that a container ran in, each by its start, with the seconds that it ran in it."""
    ended = container.ended_s or time.time()
    interval = int(container.started_s // size) * size
    while interval < ended:
        yield interval, min(ended, interval + size) - max(container.started_s, interval)
        interval += size


def _rates(container: Container, facts: Facts) -> Iterator[tuple[str, float]]:
    """US dollars a second of what a container requests, by resource."""
    resources = container.function.definition.resources
    cores = max(resources.milli_cpu / 1000, float(facts["function.cpu_default_cores"].value))
    gib = max(resources.memory_mb / 1024, float(facts["function.memory_default_mib"].value) / 1024)
    yield "CPU", cores * float(facts["price.cpu_usd_per_core_second"].value)
    yield "Memory", gib * float(facts["price.memory_usd_per_gib_second"].value)
    gpu = facts.gpu(resources.gpu_config.gpu_type)
    if gpu is not None:
        count = resources.gpu_config.count or 1
        yield gpu.name, count * float(gpu.usd_per_second.value)
