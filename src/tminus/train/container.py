"""What the Modal function that this process runs in says about itself: when it ends, and what it costs.

Only the process that the function runs in knows; the ranks that it starts are told (`allowance.py`).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

from tminus.estimate.job import Hardware
from tminus.estimate.money import rate
from tminus.facts import Facts

_MANAGER = "modal._runtime.container_io_manager"


@dataclass(frozen=True, slots=True)
class RunningFunction:
    """The function that runs here."""

    ends_at: float | None
    """When its timeout ends this input, in seconds since the epoch. None: the client does not say."""

    usd_per_s: float | None
    """Documented price of what it asked for, in US dollars a second. None: the GPU's price is not known."""

    priced: str
    """What is in the price, in words."""


def running_function(ranks: int) -> RunningFunction | None:
    """The Modal function that runs in this process; None outside of one.

    Read from the client's own record of its container (modal 1.6.4, `_ContainerIOManager`); a client that
    keeps it otherwise gives None.

    Args:
        ranks: Ranks in this container, each of which keeps at least one core busy.
    """
    manager = getattr(getattr(sys.modules.get(_MANAGER), "_ContainerIOManager", None), "_singleton", None)
    function = getattr(manager, "function_def", None)
    if function is None:
        return None
    started = getattr(manager, "current_input_started_at", None)
    timeout_s = getattr(function, "timeout_secs", 0)
    ends_at = started + timeout_s if started and timeout_s else None
    usd_per_s, priced = _price(getattr(function, "resources", None), ranks)
    return RunningFunction(ends_at, usd_per_s, priced)


def _price(resources: Any, ranks: int) -> tuple[float | None, str]:
    if resources is None:
        return None, "the client does not say what the function asked for"
    facts = Facts.bundled()
    cores = max(resources.milli_cpu / 1000, float(ranks), float(facts["function.cpu_default_cores"].value))
    mib = max(resources.memory_mb, float(facts["function.memory_default_mib"].value))
    memory_gib = mib / 1024
    words = f"{cores:g} cores, {memory_gib:g} GiB"
    asked = resources.gpu_config
    if not asked.gpu_type:
        cpu = facts["price.cpu_usd_per_core_second"]
        memory = facts["price.memory_usd_per_gib_second"]
        return float(cpu.value) * cores + float(memory.value) * memory_gib, words
    gpu = facts.gpu(asked.gpu_type)
    if gpu is None:
        return None, f"no price is known for the GPU {asked.gpu_type}"
    count = max(1, asked.count)
    priced = rate(Hardware(gpu, count, cpu_cores=cores, memory_gib=memory_gib), facts)
    return priced.usd_per_s, f"{count} x {gpu.name}, {words}, prices of {priced.as_of}"
