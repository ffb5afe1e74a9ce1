"""What a run costs: GPUs, cores and memory of its containers, by the second."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from tminus.estimate.job import Hardware
from tminus.facts import Facts


@dataclass(frozen=True, slots=True)
class Rate:
    """Price of a second of all containers of a run, in US dollars, before credits.

    Attributes:
        gpu_usd_per_s: All GPUs.
        cpu_usd_per_s: All physical cores.
        memory_usd_per_s: All host memory.
        as_of: The day that the oldest of the prices was read.
        source: Where the prices stand.
    """

    gpu_usd_per_s: float
    cpu_usd_per_s: float
    memory_usd_per_s: float
    as_of: date
    source: str

    @property
    def usd_per_s(self) -> float:
        """Everything."""
        return self.gpu_usd_per_s + self.cpu_usd_per_s + self.memory_usd_per_s

    @property
    def usd_per_hour(self) -> float:
        """Everything, for an hour."""
        return self.usd_per_s * 3600

    def cost_usd(self, seconds: float) -> float:
        """Price of `seconds` of running."""
        return self.usd_per_s * seconds


def rate(hardware: Hardware, facts: Facts, region_multiplier: float = 1.0) -> Rate:
    """The rate of all containers of a run.

    Modal bills the larger of what a container requests and what it uses; `Hardware` carries that figure for
    cores and memory. A choice of region multiplies the whole rate (facts ``price.region_multiplier_*``).
    """
    gpu = hardware.gpu.usd_per_second
    cpu = facts["price.cpu_usd_per_core_second"]
    memory = facts["price.memory_usd_per_gib_second"]
    nodes = hardware.nodes * region_multiplier
    return Rate(
        gpu_usd_per_s=float(gpu.value) * hardware.gpus_per_node * nodes,
        cpu_usd_per_s=float(cpu.value) * hardware.cpu_cores * nodes,
        memory_usd_per_s=float(memory.value) * hardware.memory_gib * nodes,
        as_of=min(gpu.as_of, cpu.as_of, memory.as_of),
        source=gpu.source,
    )


def worst_case_usd(rate: Rate, timeout_s: float, retries: int) -> float:
    """The most that one call can cost: every attempt runs until its timeout.

    The timeout holds for each attempt and a retry gets a fresh one
    (https://modal.com/docs/guide/timeouts, https://modal.com/docs/guide/retries). Restarts after a
    preemption come on
    top: Modal does not say whether they use up retries.
    """
    return rate.cost_usd(timeout_s * (1 + retries))
