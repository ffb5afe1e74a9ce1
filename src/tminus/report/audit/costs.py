"""The ways in which findings cost money, each computed from the plan.

Interruptions are expected at the rate that every plan assumes and states
(`tminus.estimate.assumptions.MEAN_TIME_BETWEEN_INTERRUPTIONS_S`); prices are those of the plan.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from tminus.check import Finding
from tminus.estimate import Hardware, TrainingJob, estimate
from tminus.estimate import assumptions as c
from tminus.estimate.interval import expected_loss_s
from tminus.estimate.run import checkpoint_bytes
from tminus.plan import Option
from tminus.report.audit.evidence import Evidence
from tminus.report.audit.wording import Words


class Kind(StrEnum):
    """In what way a finding costs money. One run pays once for each kind, however many findings are of it."""

    REFUSED = "refused"
    START = "start"
    LOST = "lost"
    IDLE = "idle"
    SLOW = "slow"
    DOWNLOAD = "download"
    STORAGE = "storage"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Impact:
    """What a finding costs one run.

    Attributes:
        kind: In what way.
        words: What happens, and how the figure comes about.
        expected_usd: US dollars to expect; None where they cannot be computed.
        most_usd: The most that it can be; None where that cannot be computed.
        machines: The machines it was computed for; None where no machines were needed.
        ours: Whether it is about the function that the plan is about.
    """

    kind: Kind
    words: str
    expected_usd: float | None = None
    most_usd: float | None = None
    machines: Option | None = None
    ours: bool = True


@dataclass(frozen=True, slots=True)
class Case:
    """A finding with what its cost is computed from."""

    finding: Finding
    evidence: Evidence
    job: TrainingJob
    option: Option
    words: Words

    @property
    def attempts(self) -> int:
        """Attempts that the function may make."""
        return 1 + self.option.retries

    @property
    def mean_time_s(self) -> float:
        """Expected time between two interruptions of any of the containers."""
        return c.MEAN_TIME_BETWEEN_INTERRUPTIONS_S / self.option.hardware.nodes

    def cost(self, seconds: float) -> float:
        """US dollars of so much time of all containers."""
        return self.option.estimate.rate.cost_usd(seconds)

    def made(self, kind: Kind, words: str, expected: float | None, most: float | None = None) -> Impact:
        """The impact of the finding, on the machines that it was computed for."""
        planned = self.evidence.planned
        ours = (self.evidence.function_at(self.finding.span) or planned) is planned
        return Impact(kind, words, expected, expected if most is None else most, self.option, ours)


def _fails_at_start(case: Case) -> Impact:
    seconds = case.option.estimate.run.startup_s * case.attempts
    words = case.words.count(
        "The attempt is paid until it fails: up to {time} of start-up.",
        "Each of the {count} attempts is paid until it fails: up to {time} of start-up in all.",
        case.attempts,
        time=case.words.hours(seconds),
    )
    return case.made(Kind.START, words, case.cost(seconds))


def _all_is_lost(case: Case) -> Impact:
    words = case.words(
        "Everything that the run trained is lost with its container: the price of the whole run."
    )
    run = case.option.estimate.run
    return case.made(Kind.LOST, words, case.option.estimate.usd, case.cost(run.high_s))


def _client_stops_it(case: Case) -> Impact:
    words = case.words("The run is stopped with the client; at most, all of it has been paid by then.")
    return case.made(Kind.LOST, words, None, case.option.estimate.usd)


def _starts_again(case: Case) -> Impact:
    """An interruption repeats the training from its first step, not from the last checkpoint."""
    run = case.option.estimate.run
    work_s = run.training_s + run.saving_s
    lost_s = expected_loss_s(work_s, work_s, run.startup_s, case.mean_time_s) - run.interruptions_s
    words = case.words(
        "An interruption starts the training from step 0: half of it is lost on average, all of it at most. "
        "At one interruption in {hours} h, a run of {time} meets one with a chance of {chance}.",
        hours=case.words.value(f"{case.mean_time_s / 3600:g}"),
        chance=case.words.percent(1 - math.exp(-work_s / case.mean_time_s)),
        time=case.words.hours(run.total_s),
    )
    return case.made(Kind.LOST, words, case.cost(max(0.0, lost_s)), case.option.estimate.usd)


def _saved_too_late(case: Case) -> Impact:
    """A volume that nothing mounts keeps nothing; a copy at the end comes too late for an interruption."""
    outside = case.evidence.function_at(case.finding.span) is None
    return _all_is_lost(case) if outside else _starts_again(case)


def _saves_seldom(case: Case) -> Impact:
    plan = case.evidence.plan
    every = plan.asked.save_every if plan is not None else None
    run = case.option.estimate.run
    if every is None or every >= run.steps:
        return _starts_again(case)
    interval_s = every * case.option.estimate.step.total_s
    work_s = run.training_s + run.saving_s
    lost_s = expected_loss_s(work_s, interval_s, run.startup_s, case.mean_time_s) - run.interruptions_s
    words = case.words(
        "A checkpoint every {every} steps is one in {time}: an interruption loses half of that on average.",
        every=case.words.number(every),
        time=case.words.hours(interval_s),
    )
    return case.made(Kind.LOST, words, case.cost(max(0.0, lost_s)), case.cost(interval_s + run.startup_s))


def _timeout_ends_it(case: Case) -> Impact:
    timeout_s, run = case.option.timeout_s, case.option.estimate.run
    if timeout_s is None or run.high_s <= timeout_s:
        return Impact(Kind.UNKNOWN, case.words("Not computed: the planned time is within the time limit."))
    seconds = min(timeout_s, run.total_s) * case.attempts
    words = case.words(
        "The time limit of {limit} ends a run that is planned to take {time} ({low} to {high}); what it has "
        "trained by then is paid.",
        limit=case.words.hours(timeout_s),
        time=case.words.hours(run.total_s),
        low=case.words.hours(run.low_s, run.total_s),
        high=case.words.hours(run.high_s, run.total_s),
    )
    return case.made(Kind.LOST, words, case.cost(seconds))


def _others_are_idle(case: Case) -> Impact:
    """One process on several GPUs: the run takes as long as on one of them, at the price of all."""
    hardware, rate = case.option.hardware, case.option.estimate.rate
    count = hardware.world_size
    alone = _machines(case, 1, 1)
    hourly = rate.gpu_usd_per_s * 3600 * (count - 1) / count
    words = case.words(
        "{idle} of {count} GPUs are idle, {hourly} an hour.",
        idle=case.words.number(count - 1),
        count=case.words.number(count),
        hourly=case.words.usd(hourly),
    )
    if alone is None or count == 1:
        return case.made(Kind.IDLE, words, None)
    run_s = alone.estimate.run.total_s
    if case.option.timeout_s is not None:
        run_s = min(run_s, case.option.timeout_s * case.attempts)
    words += " " + case.words(
        "One GPU takes {time} for the training: {all} at the price of all, {one} at the price of one.",
        time=case.words.hours(run_s),
        all=case.words.usd(case.cost(run_s)),
        one=case.words.usd(alone.estimate.rate.cost_usd(run_s)),
    )
    wasted = case.cost(run_s) - alone.estimate.rate.cost_usd(run_s)
    return case.made(Kind.IDLE, words, wasted)


def _same_work_twice(case: Case) -> Impact:
    hardware = case.option.hardware
    alone = _machines(case, hardware.gpus_per_node, 1)
    if alone is None or hardware.nodes == 1:
        return Impact(
            Kind.UNKNOWN, case.words("Not computed: there is no plan for one of the containers alone.")
        )
    words = case.words(
        "Each of the {nodes} containers does the whole work in {time}; the work of all but one is for "
        "nothing.",
        nodes=case.words.number(hardware.nodes),
        time=case.words.hours(alone.estimate.run.total_s),
    )
    return case.made(Kind.IDLE, words, alone.estimate.usd * (hardware.nodes - 1))


def _gpus_wait(case: Case) -> Impact:
    minute = case.option.estimate.rate.gpu_usd_per_s * 60
    words = case.words(
        "The GPUs are paid while they wait, {usd} a minute; how many minutes is not in the script.",
        usd=case.words.usd(minute),
    )
    return case.made(Kind.IDLE, words, None)


def _slow_network(case: Case) -> Impact:
    option, facts = case.option, case.evidence.facts
    hardware = option.hardware
    if hardware.nodes == 1:
        return Impact(
            Kind.UNKNOWN, case.words("Not computed: there is no plan for the machines of this function.")
        )
    slow = Hardware(
        hardware.gpu,
        hardware.gpus_per_node,
        hardware.nodes,
        rdma=False,
        cpu_cores=hardware.cpu_cores,
        memory_gib=hardware.memory_gib,
    )
    found = estimate(option.fitted.job, slow, option.estimate.split, facts, option.estimate.sharding)
    more_s = found.run.total_s - option.estimate.run.total_s
    words = case.words(
        "Gradients go over the private network: the run takes {slow} instead of {fast}.",
        slow=case.words.hours(found.run.total_s),
        fast=case.words.hours(option.estimate.run.total_s),
    )
    return case.made(Kind.SLOW, words, case.cost(max(0.0, more_s)))


def _downloads_again(case: Case) -> Impact:
    run = case.option.estimate.run
    model_gb = case.job.model.parameters * 2 / 1e9
    seconds = model_gb / c.DOWNLOAD_GB_PER_S
    starts = 1 + (run.training_s + run.saving_s) / case.mean_time_s
    words = case.words(
        "{size} GB are fetched at every start, {time} each at {speed} GB/s; {starts} starts are expected.",
        size=case.words.number(model_gb, 1),
        time=case.words.seconds(seconds),
        speed=case.words.number(c.DOWNLOAD_GB_PER_S, 1),
        starts=case.words.number(starts, 2),
    )
    return case.made(Kind.DOWNLOAD, words, case.cost(seconds * starts))


def _keeps_all(case: Case) -> Impact:
    plan, run = case.evidence.plan, case.option.estimate.run
    every = (plan.asked.save_every if plan is not None else None) or run.checkpoint_every
    count = max(1, run.steps // every)
    gib = count * checkpoint_bytes(case.job) / 2**30
    price = case.evidence.facts["price.volume_usd_per_gib_month"]
    words = case.words(
        "{count} checkpoints of one run take {size}: {usd} a month at {price} a GiB.",
        count=case.words.number(count),
        size=case.words.gib(gib),
        usd=case.words.usd(gib * float(price.value)),
        price=case.words.usd(float(price.value)),
    )
    return case.made(Kind.STORAGE, words, gib * float(price.value))


def _machines(case: Case, gpus_per_node: int, nodes: int) -> Option | None:
    """The plan's option with so many GPUs of the same type; None where it has none that runs."""
    for one in case.evidence.running:
        hardware = one.hardware
        size = (hardware.gpus_per_node, hardware.nodes)
        if hardware.gpu is case.option.hardware.gpu and size == (gpus_per_node, nodes):
            return one
    return None


def _pairs() -> Iterator[tuple[str, Callable[[Case], Impact]]]:
    for codes, compute in (
        ("TM209 TM502 TM503 TM603 TM604 TM607 TM610 TM705 TM801 TM803 TM804 TM805 TM806", _fails_at_start),
        ("TM401 TM409", _all_is_lost),
        ("TM307", _client_stops_it),
        ("TM402", _saved_too_late),
        ("TM305 TM405 TM406", _starts_again),
        ("TM704", _saves_seldom),
        ("TM302 TM303", _timeout_ends_it),
        ("TM107", _others_are_idle),
        ("TM206", _same_work_twice),
        ("TM111", _gpus_wait),
        ("TM208", _slow_network),
        ("TM407", _downloads_again),
        ("TM408", _keeps_all),
    ):
        for code in codes.split():
            yield code, compute


COMPUTED = dict(_pairs())
"""How what a rule finds is computed, by the rule's code."""
