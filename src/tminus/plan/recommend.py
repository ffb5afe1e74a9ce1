"""Which option to take: the cheapest, the fastest, and one for now, with reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tminus.estimate import TrainingJob
from tminus.estimate.calibration import family
from tminus.facts import Facts
from tminus.plan.asked import Asked
from tminus.plan.batch import fit_batch
from tminus.plan.options import ALIKE, Option, best_value, patience
from tminus.plan.sensitivity import what_would_change
from tminus.plan.wishes import Wishes

WORTH_SAYING = 0.02
"""Share of the training time below which a difference between methods is not mentioned."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """An option, the reasons for it, and what would change the answer, in words."""

    option: Option
    reasons: tuple[str, ...]
    changes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The recommendation as JSON values; the option by its name."""
        figures = self.option.estimate.to_dict()
        return {
            "option": self.option.name,
            "gpu": self.option.gpu,
            "nodes": self.option.hardware.nodes,
            "method": self.option.fitted.job.method,
            "hours": figures["hours"],
            "usd": figures["usd"],
            "reasons": list(self.reasons),
            "what_would_change_it": list(self.changes),
        }


BATCH_TOLERANCE = 0.1
"""How far an option's global batch may be from the intended one: a larger change is another training."""


def acceptable(options: Sequence[Option], job: TrainingJob, wishes: Wishes) -> list[Option]:
    """Those that run as intended, and are expected to keep to budget and deadline."""
    return [
        option
        for option in options
        if option.runs
        and abs(option.fitted.job.global_batch / job.global_batch - 1) <= BATCH_TOLERANCE
        and (wishes.budget_usd is None or option.estimate.usd <= wishes.budget_usd)
        and (wishes.deadline_s is None or option.estimate.run.total_s <= wishes.deadline_s)
    ]


def recommend_now(
    job: TrainingJob, asked: Asked, options: Sequence[Option], facts: Facts, wishes: Wishes
) -> Recommendation | None:
    """The option to start at once: the best value without set-up.

    Only the asked type and types with published runs count: on another, the image may need a newer CUDA and
    the estimate is worth less. None if nothing runs without set-up.
    """
    ready = [option for option in acceptable(options, job, wishes) if _trusted(option, asked)]
    best = best_value(ready, asked.gpu)
    if best is None:
        return None
    hours = patience([option for option in ready if option.runs and not option.setup])
    wait = facts["gpu.wait_above"]
    reasons = ["it needs no set-up beyond the script and a payment method"]
    if best.hardware.gpu is not asked.gpu:
        reasons.append(f"it costs less on {best.hardware.gpu.name} than on {asked.gpu.name}")
    reasons.append(
        f"of those that take at most {hours:.1f} h none costs over {100 * ALIKE:.0f} % less "
        f"at the upper end of its interval (${best.usd_high:.2f})"
    )
    if best.hardware.gpus_per_node <= wait.value:
        reasons.append(
            f"{wait.value} GPUs or fewer are usually given without a long wait ({wait.citation()})"
        )
    else:
        reasons.append(f"expect to wait for a container with so many GPUs ({wait.citation()})")
    reasons.append(_memory_reason(best))
    reasons += _quantisation_reasons(job, best, facts)
    return Recommendation(best, tuple(reasons), what_would_change(best, options, wishes))


def recommend_fastest(
    job: TrainingJob, asked: Asked, options: Sequence[Option], facts: Facts, wishes: Wishes
) -> Recommendation | None:
    """The option with the shortest run, whatever it needs; None if nothing runs.

    Of the asked type and types with published runs, as for `recommend_now`.
    """
    allowed = acceptable(options, job, wishes)
    running = [option for option in allowed if _trusted(option, asked)]
    if not running:
        return None
    best = min(running, key=lambda option: option.estimate.run.hours)
    cheapest = min(running, key=lambda option: option.estimate.usd)
    run = best.estimate.run
    reasons = [
        f"the shortest of the options that run: {run.hours:.2f} h, "
        f"of which {run.startup_s / 60:.0f} min to start"
    ]
    untried = min(allowed, key=lambda option: option.estimate.run.hours)
    if untried.estimate.run.hours < 0.9 * run.hours:
        reasons.append(
            f"{untried.name} may be faster, {untried.estimate.run.hours:.2f} h for "
            f"${untried.estimate.usd:.2f}, but the estimate is fitted to no run on its type"
        )
    if best is not cheapest:
        more = best.estimate.usd - cheapest.estimate.usd
        hours = cheapest.estimate.run.hours - run.hours
        reasons.append(f"it costs ${more:.2f} more than {cheapest.name} and saves {hours:.2f} h")
    if best.setup:
        reasons.append("it needs to be set up first: see its prerequisites")
    reasons.append(_memory_reason(best))
    reasons += _quantisation_reasons(job, best, facts)
    return Recommendation(best, tuple(reasons), what_would_change(best, options, wishes))


def recommend_cheapest(
    job: TrainingJob, options: Sequence[Option], facts: Facts, wishes: Wishes
) -> Recommendation | None:
    """The option with the lowest price, however long it takes; None if nothing runs."""
    running = acceptable(options, job, wishes)
    if not running:
        return None
    best = min(running, key=lambda option: (option.estimate.usd, option.hardware.world_size))
    run, usd = best.estimate.run, best.estimate.usd
    reasons = [
        f"no other costs less: ${usd:.2f}, of which {100 * best.bill.parts[best.bill.dominant] / usd:.0f} % "
        f"{best.bill.dominant}"
    ]
    quickest = min(running, key=lambda option: option.estimate.run.hours)
    if best is not quickest:
        reasons.append(
            f"it takes {run.hours:.2f} h, {run.hours / quickest.estimate.run.hours:.1f} times "
            f"what {quickest.name} does"
        )
    if family(best.hardware.gpu.name) == "other":
        reasons.append(
            f"no published run on {best.hardware.gpu.name} is among those that the estimate was fitted to: "
            f"it may take {100 * best.estimate.step.error:.0f} % more or less"
        )
    reasons.append(_memory_reason(best))
    reasons += _quantisation_reasons(job, best, facts)
    return Recommendation(best, tuple(reasons), what_would_change(best, options, wishes))


def _trusted(option: Option, asked: Asked) -> bool:
    return option.hardware.gpu is asked.gpu or family(option.hardware.gpu.name) != "other"


def _memory_reason(option: Option) -> str:
    memory, gpu = option.estimate.memory, option.hardware.gpu
    micro_batch = option.estimate.split.micro_batch
    return f"the peak is {memory.reserved_gib:.1f} of {gpu.usable_gib} GiB with micro-batch {micro_batch}"


def _quantisation_reasons(job: TrainingJob, option: Option, facts: Facts) -> list[str]:
    # QLoRA pays dequantisation for memory; where a 16-bit base fits as well, that buys nothing.
    if option.fitted.job.method != "qlora":
        return []
    lora = fit_batch(replace(job, method="lora", residual="bf16"), option.hardware, facts)
    mine, theirs = option.estimate, lora.estimate
    saved = 1 - theirs.run.training_s / mine.run.training_s
    if lora.fit != "yes" or saved < WORTH_SAYING:
        return []
    return [
        f"QLoRA saves memory that this GPU does not lack: LoRA with a 16-bit base needs "
        f"{theirs.memory.reserved_gib:.1f} GiB with micro-batch {theirs.split.micro_batch} and takes "
        f"{100 * saved:.0f} % less training time"
    ]
