"""The machines that could run a job: what was asked, what comes nearest, and what is cheaper."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tminus.estimate import (
    Bill,
    Estimate,
    Hardware,
    Simulation,
    TrainingJob,
    bill,
    course,
    simulate,
    worst_case_usd,
)
from tminus.estimate.assumptions import MEAN_TIME_BETWEEN_INTERRUPTIONS_S
from tminus.estimate.memory import Fit
from tminus.estimate.run import queue_seconds
from tminus.facts import Facts, GpuType
from tminus.plan.asked import Asked
from tminus.plan.batch import Fitted, fit_batch
from tminus.plan.limits import needs_setup, prerequisites, refusal, refused_by_workspace
from tminus.plan.wishes import Wishes

CORES_PER_GPU = 1.0
"""Cores that a rank keeps busy launching kernels, an assumption where the script requests fewer."""

HOST_GIB_PER_GPU = 8.0
"""Host memory that a rank's Python, libraries and pinned buffers fill, an assumption where less is
requested."""

PATIENCE_H = 2.0
PATIENCE_FACTOR = 2.0
"""How long a cheaper option may take: two hours, or twice the shortest run without set-up."""

ALIKE = 0.1
"""Prices that differ by less are taken to be the same."""

OTHER_TYPES = 4
"""Other GPU types shown, the cheapest first."""


@dataclass(frozen=True, slots=True)
class Option:
    """One set of machines for the job.

    Attributes:
        hardware: The machines.
        asked: Whether it is what the script asks for.
        refused_because: Why the platform does not run it; None if it does.
        fitted: The job on these machines.
        setup: Whether it needs more than the script and an account with a payment method.
        prerequisites: What has to be there first, in words.
        notes: What else to know.
        bill: What the run costs, by what is paid for.
        timeout_s: The script's time limit of an attempt.
        retries: The script's retries.
        intended: The job's method as the user intends it, which the name leaves out.
    """

    hardware: Hardware
    asked: bool
    refused_because: str | None
    fitted: Fitted
    setup: bool
    prerequisites: tuple[str, ...]
    notes: tuple[str, ...]
    bill: Bill
    timeout_s: float | None = None
    retries: int = 0
    intended: str = ""

    @property
    def name(self) -> str:
        """``2 × 8 H100``: containers × GPUs and type, and the method where it is not the one asked for."""
        method = self.fitted.job.method
        machines = f"{self.hardware.nodes} × {self.hardware.gpus_per_node} {self.hardware.gpu.name}"
        return machines if self.intended in ("", method) else f"{machines}, {method}"

    @property
    def key(self) -> tuple[str, str, int, int]:
        """What tells it apart: method, type, GPUs of a container, containers."""
        hardware = self.hardware
        return self.fitted.job.method, hardware.gpu.name, hardware.gpus_per_node, hardware.nodes

    @property
    def gpu(self) -> str:
        """The string for ``gpu=``."""
        count = self.hardware.gpus_per_node
        return f"{self.hardware.gpu.name}:{count}" if count > 1 else self.hardware.gpu.name

    @property
    def allowed(self) -> bool:
        """Whether the platform runs it."""
        return self.refused_because is None

    @property
    def fit(self) -> Fit:
        """Whether the job fits in the GPU's memory."""
        return self.fitted.fit

    @property
    def runs(self) -> bool:
        """Whether the platform runs it and the job fits."""
        return self.allowed and self.fit != "no"

    @property
    def estimate(self) -> Estimate:
        """Memory, time and money."""
        return self.fitted.estimate

    @property
    def usd_high(self) -> float:
        """Price at the upper end of the interval."""
        return self.estimate.rate.cost_usd(self.estimate.run.high_s)

    def simulated(self, runs: int, seed: int = 0) -> Simulation:
        """The run played through many times, with its waits, interruptions and restarts."""
        estimate = self.estimate
        found = course(
            self.fitted.job,
            self.hardware,
            estimate.step,
            estimate.run,
            estimate.rate.usd_per_s,
            self.timeout_s,
            self.retries,
        )
        return simulate(found, runs, seed)

    def summary(self) -> dict[str, Any]:
        """What tells it from the others, in a few figures."""
        run = self.estimate.run
        return {
            "name": self.name,
            "gpu": self.gpu,
            "nodes": self.hardware.nodes,
            "method": self.fitted.job.method,
            "fit": self.fit,
            "memory_gib_per_gpu": round(self.estimate.memory.reserved_gib, 2),
            "micro_batch": self.estimate.split.micro_batch,
            "hours": round(run.hours, 3),
            "usd": round(self.estimate.usd, 2),
            "usd_high": round(self.usd_high, 2),
        }

    def to_dict(self) -> dict[str, Any]:
        """The option as JSON values; figures that mean nothing for a refused option are null."""
        figures = self.estimate.to_dict()
        found: dict[str, Any] = {
            "name": self.name,
            "gpu": self.gpu,
            "nodes": self.hardware.nodes,
            "method": self.fitted.job.method,
            "asked": self.asked,
            "allowed": self.allowed,
            "refused_because": self.refused_because,
            "fits": self.fit != "no" if self.allowed else None,
            "fit": self.fit if self.allowed else None,
            "memory_gib_per_gpu": figures["memory"]["reserved_gib"],
            "usable_gib_per_gpu": self.hardware.gpu.usable_gib,
        }
        for name, value in figures.items():
            found[name] = value if self.runs or name == "memory" else None
        found["bill"] = self.bill.to_dict() if self.runs else None
        found["queue_s"] = round(queue_seconds(self.hardware)) if self.allowed else None
        interrupted = self.estimate.run.total_s * self.hardware.nodes / MEAN_TIME_BETWEEN_INTERRUPTIONS_S
        safe = self.hardware.nonpreemptible
        found["expected_interruptions"] = None if not self.runs else 0.0 if safe else round(interrupted, 2)
        if self.timeout_s is not None:
            worst = worst_case_usd(self.estimate.rate, self.timeout_s, self.retries)
            found["worst_case_usd"] = round(worst, 2) if self.allowed else None
        found["prerequisites"] = list(self.prerequisites)
        found["notes"] = list(self.notes)
        return found


def list_options(job: TrainingJob, asked: Asked, facts: Facts, wishes: Wishes | None = None) -> list[Option]:
    """All options worth showing for a job.

    What was asked comes first, as it is asked and with the best micro-batch; when it is refused, its split
    over two containers; then the most
    GPUs of that type in one container and in two; then fewer. Of the other types follow those that cost the
    least, if they cost less than what `best_value` prefers of the asked type: each with the number of GPUs
    that it prefers, and with a whole host if that costs less, too.
    """
    wishes = wishes or Wishes()
    mine = (asked.gpu, asked.gpus_per_node, asked.nodes)
    options = [make_option(job, asked, *mine, facts, wishes, literally=True)]
    seen: set[tuple[str, int, int]] = set()

    def add(gpu: GpuType, gpus_per_node: int, nodes: int = 1) -> None:
        key = (gpu.name, gpus_per_node, nodes)
        if key in seen:
            return
        seen.add(key)
        found = make_option(job, asked, gpu, gpus_per_node, nodes, facts, wishes)
        if found.key != options[0].key or found.estimate.split != options[0].estimate.split:
            options.append(found)

    if options[0].allowed:
        add(*mine)  # with a better micro-batch than the one that is asked for, if there is any
    else:
        seen.add((asked.gpu.name, asked.gpus_per_node, asked.nodes))
    if asked.nodes == 1 and not options[0].allowed and asked.gpus_per_node % 2 == 0:
        add(asked.gpu, asked.gpus_per_node // 2, 2)
    host = _most(asked.gpu, facts)
    add(asked.gpu, host)
    if asked.gpu.rdma:
        add(asked.gpu, host, 2)
    for count in _fewer(host):
        add(asked.gpu, count)
    best_own = best_value(options, asked.gpu)
    limit = best_own.estimate.usd if best_own else float("inf")
    cheaper: list[list[Option]] = []
    for gpu in _other_types(asked.gpu, facts):
        counts = (*_fewer(_most(gpu, facts)), _most(gpu, facts))
        found = [make_option(job, asked, gpu, count, 1, facts, wishes) for count in counts]
        whole = found[-1]
        best = best_value(found, gpu)
        if best is not None and best.estimate.usd < limit:
            also = best is not whole and whole.runs and whole.estimate.usd < limit
            cheaper.append([best, whole] if also else [best])
    cheaper.sort(key=lambda found: found[0].estimate.usd)
    return options + [option for found in cheaper[:OTHER_TYPES] for option in found]


def best_value(options: Sequence[Option], asked: GpuType) -> Option | None:
    """The cheapest option, within reason, that runs without set-up; None if none runs.

    Of those that do not take unreasonably long and fit comfortably (or, if none does, tightly), the ones
    whose price is near the lowest are alike; fewer GPUs, which come sooner, and the asked type decide between
    them. Prices are compared at the upper end of their interval, so that a GPU without published runs does
    not win on an uncertain figure.
    """
    ready = [option for option in options if option.runs and not option.setup]
    if not ready:
        return None
    patience_h = patience(ready)
    patient = [option for option in ready if option.estimate.run.hours <= patience_h]
    comfortable = [option for option in patient if option.fit == "yes"] or patient
    lowest = min(option.usd_high for option in comfortable)
    alike = [option for option in comfortable if option.usd_high <= lowest * (1 + ALIKE)]
    return min(alike, key=lambda o: (o.hardware.world_size, o.hardware.gpu is not asked, o.usd_high))


def patience(options: Sequence[Option]) -> float:
    """Hours that a cheaper option may take."""
    return max(PATIENCE_H, PATIENCE_FACTOR * min(option.estimate.run.hours for option in options))


def make_option(
    job: TrainingJob,
    asked: Asked,
    gpu: GpuType,
    gpus_per_node: int,
    nodes: int,
    facts: Facts,
    wishes: Wishes | None = None,
    literally: bool = False,
) -> Option:
    """A job on some machines, whether or not the platform has them.

    Args:
        job: The job.
        asked: What the user asked for.
        gpu: GPU type.
        gpus_per_node: GPUs of a container.
        nodes: Containers.
        facts: Limits and prices.
        wishes: Limits and choices.
        literally: Whether these are the machines as asked, with the micro-batch as asked.
    """
    wishes = wishes or Wishes()
    hardware = Hardware(
        gpu=gpu,
        gpus_per_node=gpus_per_node,
        nodes=nodes,
        rdma=nodes > 1 and gpu.rdma,
        cpu_cores=max(asked.cpu_cores or 0.0, CORES_PER_GPU * gpus_per_node),
        memory_gib=max(asked.memory_gib or 0.0, HOST_GIB_PER_GPU * gpus_per_node),
        nonpreemptible=wishes.nonpreemptible,
        region_multiplier=wishes.region_multiplier,
    )
    refused = refusal(gpu, gpus_per_node, nodes, facts)
    if refused is None and wishes.workspace is not None:
        refused = refused_by_workspace(gpus_per_node * nodes, wishes.workspace)
    as_asked = asked.method in (None, job.method) and (
        (gpu, gpus_per_node, nodes) == (asked.gpu, asked.gpus_per_node, asked.nodes)
    )
    fitted = fit_batch(job, hardware, facts, asked.micro_batch if as_asked and literally else None)
    allowed = refused is None
    estimate = fitted.estimate
    workspace = wishes.workspace or facts.plans[0]
    return Option(
        hardware=hardware,
        asked=as_asked and literally,
        refused_because=refused,
        fitted=fitted,
        setup=needs_setup(gpus_per_node, nodes, facts),
        prerequisites=prerequisites(gpu, gpus_per_node, nodes, hardware.rdma, facts) if allowed else (),
        notes=tuple(_notes(asked, hardware, fitted, facts, wishes)) if allowed else (),
        bill=bill(fitted.job, estimate.run, estimate.rate, workspace, facts),
        timeout_s=asked.timeout_s,
        retries=asked.retries,
        intended="any" if wishes.methods else asked.method or "",
    )


def _notes(asked: Asked, hardware: Hardware, fitted: Fitted, facts: Facts, wishes: Wishes) -> Iterator[str]:
    yield from fitted.notes
    yield from _against_wishes(fitted, wishes)
    wait = facts["gpu.wait_above"]
    if hardware.gpus_per_node > wait.value:
        yield f"more than {wait.value} GPUs in a container usually wait longer ({wait.citation()})"
    most = hardware.gpu.max_per_container
    if most.value is None:
        yield f"no limit is documented for this type ({most.citation()})"
    if not hardware.gpu.bf16:
        yield f"{hardware.gpu.name} has no bfloat16: train in float16 with loss scaling"
    if fitted.fit != "no" and asked.timeout_s is not None and fitted.estimate.run.high_s > asked.timeout_s:
        yield f"may not finish within one attempt of {asked.timeout_s / 3600:g} h: it has to resume"


def _against_wishes(fitted: Fitted, wishes: Wishes) -> Iterator[str]:
    run, rate = fitted.estimate.run, fitted.estimate.rate
    if wishes.budget_usd is not None and rate.cost_usd(run.high_s) > wishes.budget_usd:
        over = "costs" if fitted.estimate.usd > wishes.budget_usd else "may cost"
        most = rate.cost_usd(run.high_s)
        yield f"{over} more than the budget of ${wishes.budget_usd:,.2f}: up to ${most:,.2f}"
    if wishes.deadline_s is not None and run.high_s > wishes.deadline_s:
        late = "ends" if run.total_s > wishes.deadline_s else "may end"
        yield f"{late} after the deadline of {wishes.deadline_s / 3600:g} h: up to {run.high_s / 3600:.2f} h"


def _most(gpu: GpuType, facts: Facts) -> int:
    # GPUs of a whole host; where nothing is documented for the type, the limit of the others.
    most: int = gpu.host_gpus or gpu.max_per_container.value or facts["gpu.max_per_container"].value
    return most


def _fewer(host: int) -> list[int]:
    return [count for count in (4, 2, 1) if count < host]


def _other_types(gpu: GpuType, facts: Facts) -> list[GpuType]:
    # A type that differs from another only in what it may be swapped for would stand twice in the list.
    pinned = {other.pinned_by for other in facts.gpus.values()}
    return [
        other
        for other in facts.gpus.values()
        if other is not gpu
        and other.bf16
        and other.name not in pinned
        and other.name != gpu.pinned_by
        and gpu.name != other.pinned_by
        and not other.name.endswith("+")
    ]
