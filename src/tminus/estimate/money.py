"""What a run costs: GPUs, cores and memory of its containers, by the second."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from tminus.estimate.assumptions import BUILD_S
from tminus.estimate.job import Hardware, TrainingJob
from tminus.estimate.run import RunTime, checkpoint_bytes
from tminus.facts import Facts, WorkspacePlan


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


def rate(hardware: Hardware, facts: Facts) -> Rate:
    """The rate of all containers of a run.

    Modal bills the larger of what a container requests and what it uses; `Hardware` carries that figure for
    cores and memory. A choice of region multiplies the whole rate (facts ``price.region_multiplier_*``), and
    so does being safe from preemption (``price.nonpreemptible_multiplier``).
    """
    gpu = hardware.gpu.usd_per_second
    cpu = facts["price.cpu_usd_per_core_second"]
    memory = facts["price.memory_usd_per_gib_second"]
    nodes = hardware.nodes * hardware.region_multiplier
    if hardware.nonpreemptible:
        nodes *= float(facts["price.nonpreemptible_multiplier"].value)
    return Rate(
        gpu_usd_per_s=float(gpu.value) * hardware.gpus_per_node * nodes,
        cpu_usd_per_s=float(cpu.value) * hardware.cpu_cores * nodes,
        memory_usd_per_s=float(memory.value) * hardware.memory_gib * nodes,
        as_of=min(gpu.as_of, cpu.as_of, memory.as_of),
        source=gpu.source,
    )


@dataclass(frozen=True, slots=True)
class Bill:
    """What a run costs in all, in US dollars.

    Attributes:
        parts: By what is paid for: GPU, CPU, memory; of these start-up and interruptions apart from the work;
            image build; storage.
        credit_usd: What the plan's monthly credit can take off.
        monthly_fee_usd: The plan's fee, which is due whether or not this runs; None by agreement.
        plan: The workspace plan.
    """

    parts: dict[str, float]
    credit_usd: float
    monthly_fee_usd: float | None
    plan: str

    @property
    def usd(self) -> float:
        """All parts, before credit."""
        return sum(self.parts.values())

    @property
    def dominant(self) -> str:
        """The largest part, by name."""
        return max(self.parts, key=self.parts.__getitem__)

    def to_dict(self) -> dict[str, Any]:
        """The bill as JSON values; the parts add up to ``usd`` as they are written."""
        parts = {name: round(usd, 2) for name, usd in self.parts.items()}
        return {
            "parts_usd": parts,
            "usd": round(sum(parts.values()), 2),
            "dominant": self.dominant,
            "plan": self.plan,
            "plan_credit_usd": round(self.credit_usd, 2),
            "plan_monthly_fee_usd": self.monthly_fee_usd,
        }


def bill(job: TrainingJob, run: RunTime, rate: Rate, plan: WorkspacePlan, facts: Facts) -> Bill:
    """The bill of a run: what the containers cost by resource and purpose, storage for a month, the plan.

    Storage is free up to ``price.volume_free_gib``; what is kept are the last two checkpoints. An image is
    built once on cores alone, whose price a minute or four of them does not show: it is counted at one
    core's and four GiB's rate.
    """
    work_s = run.training_s + run.evaluation_s + run.saving_s
    core = float(facts["price.cpu_usd_per_core_second"].value)
    gib = float(facts["price.memory_usd_per_gib_second"].value)
    kept_gib = 2 * checkpoint_bytes(job) / 2**30
    billed_gib = max(0.0, kept_gib - float(facts["price.volume_free_gib"].value))
    parts = {
        "GPU": rate.gpu_usd_per_s * work_s,
        "CPU": rate.cpu_usd_per_s * work_s,
        "memory": rate.memory_usd_per_s * work_s,
        "start-up": rate.cost_usd(run.startup_s),
        "interruptions": rate.cost_usd(run.interruptions_s),
        "image build": (core + 4 * gib) * BUILD_S,
        "storage, a month": billed_gib * float(facts["price.volume_usd_per_gib_month"].value),
    }
    return Bill(
        parts={name: usd for name, usd in parts.items() if usd},
        credit_usd=min(sum(parts.values()), plan.monthly_credit_usd or 0.0),
        monthly_fee_usd=plan.monthly_fee_usd,
        plan=plan.name,
    )


def worst_case_usd(rate: Rate, timeout_s: float, retries: int) -> float:
    """The most that one call can cost: every attempt runs until its timeout.

    The timeout holds for each attempt and a retry gets a fresh one
    (https://modal.com/docs/guide/timeouts, https://modal.com/docs/guide/retries). Restarts after a
    preemption come on
    top: Modal does not say whether they use up retries.
    """
    return rate.cost_usd(timeout_s * (1 + retries))
